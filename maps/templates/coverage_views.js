"use strict";
/* Views: which condition and state the map shows, and what each view paints. */

var POPUP = {maxWidth: 390, maxHeight: 430, autoPanPaddingTopLeft: [56, 14], autoPanPaddingBottomRight: [64, 14]};
var FERRY_STYLES = {
  car_ferry: {weight: 1.7, dashArray: '7 4'}, passenger: {weight: 1.1, dashArray: '2 4'},
  fast_passenger: {weight: 1.1, dashArray: '1 5'}
};

/* A dot that is crossed out where nobody comes. */
var CrossedDot = L.CircleMarker.extend({
  _updatePath: function () {
    L.CircleMarker.prototype._updatePath.call(this);
    if (!this.options.crossed || !this._renderer._ctx || this._empty()) return;
    var ctx = this._renderer._ctx, p = this._point, r = this._radius - 2;
    ctx.globalAlpha = 1;
    ctx.beginPath();
    ctx.moveTo(p.x - r, p.y - r); ctx.lineTo(p.x + r, p.y + r);
    ctx.moveTo(p.x + r, p.y - r); ctx.lineTo(p.x - r, p.y + r);
    ctx.lineWidth = 1.6;
    ctx.strokeStyle = '#fff';
    ctx.stroke();
  }
});

/* Diagonal lines, as a canvas takes them for a colour. */
function hatch(ground, line, width) {
  var tile = document.createElement('canvas'), ctx = tile.getContext('2d');
  tile.width = tile.height = 8;
  if (ground) { ctx.fillStyle = ground; ctx.fillRect(0, 0, 8, 8); }
  ctx.strokeStyle = line;
  ctx.lineWidth = width;
  ctx.beginPath();
  [-8, 0, 8].forEach(function (x) { ctx.moveTo(x - 1, 9); ctx.lineTo(x + 9, -1); });
  ctx.stroke();
  return ctx.createPattern(tile, 'repeat');
}

/* Turns the differences of the data block into minutes and days; null stays null. */
CoverageMap.prototype.unpack = function () {
  var views = this.data.views, first = views[0].values;
  function plain(column, base) {
    return column.map(function (step, i) {
      return step === null ? null : (step + (base ? base[i] || 0 : 0)) / 100;
    });
  }
  views.forEach(function (view, n) {
    var own = typeof view.values === 'number' ? views[view.values].hundredths : view.values;
    if (typeof view.values !== 'number' && n > 0 && view.kind === 'minutes') {
      own = view.values.map(function (step, i) { return step === null ? null : step + (first[i] || 0); });
    }
    view.hundredths = own;
    ['vehicle', 'post'].forEach(function (name) {
      if (typeof view[name] === 'number') view[name] = views[view[name]][name];
    });
  });
  views.forEach(function (view) {
    view.values = plain(view.hundredths);
    if (view.after) view.after.values = plain(view.after.values, view.hundredths);
  });
  this.data.cells.second = plain(this.data.cells.second);
  this.current = views[this.data.shown];
  this.isAfter = false;
  this.blocked = hatch('#0a0a0a', '#fff', 1.3);
  this.lines = hatch('', 'rgba(10, 10, 10, .55)', 1);
};

/* The view on show, or its state after the proposal. */
CoverageMap.prototype.state = function () {
  return this.isAfter && this.current.after ? this.current.after : this.current;
};

CoverageMap.prototype.value = function (i) { return this.state().values[i]; };

/* Value, vehicle, post and residents left out of an island in this view; undefined without one. */
CoverageMap.prototype.row = function (id) {
  var rows = this.state().islands;
  return Object.prototype.hasOwnProperty.call(rows, id) ? rows[id] : undefined;
};

CoverageMap.prototype.worth = function (row) {
  return !row || row[0] === null || row[0] === undefined ? null : row[0] / 100;
};

CoverageMap.prototype.bands = function () {
  return this.current.kind === 'days' ? this.data.day_bands : this.data.bands;
};

CoverageMap.prototype.band = function (value) {
  var bands = this.bands();
  if (value === null) return bands[bands.length - 1];
  return bands.find(function (band) { return band.upper === null || value <= band.upper; });
};

/* Minutes or days, as the view has them. */
CoverageMap.prototype.said = function (value) {
  if (this.current.kind !== 'days') return this.minutes(value);
  return value ? this.text('days', {n: value.toFixed(1)}) : this.text('no_days');
};

CoverageMap.prototype.show = function (number, after) {
  this.current = this.data.views[number];
  this.isAfter = Boolean(after && this.current.after);
  this.map.closePopup();
  this.paint();
  this.paintStopped();
  this.fillLegend();
};

CoverageMap.prototype.paint = function () {
  var self = this, values = this.state().values, blocked = this.blocked;
  this.cells.forEach(function (pair) {
    var value = values[pair[0]], colour = self.band(value).colour;
    pair[1].setStyle({color: value === null ? '#0a0a0a' : colour, fillColor: value === null ? blocked : colour});
  });
  this.dots.forEach(function (pair) {
    var worth = self.worth(self.row(pair[0].id)), none = worth === null;
    pair[1].setStyle({fillColor: self.band(worth).colour, crossed: none, radius: none ? 6 : 5});
  });
  this.paintCut();
};

/* Islands with a place that nobody reaches: the land hatched where all of it is, outlined where some is. */
CoverageMap.prototype.paintCut = function () {
  var self = this, values = this.state().values, group = this.layers.cut;
  group.clearLayers();
  this.cutOff = [];
  this.data.islands.forEach(function (island) {
    if (!island.bounds || !island.cells.length) return;
    var out = island.cells.filter(function (i) { return values[i] === null; }).length;
    if (!out) return;
    self.cutOff.push(island.id);
    group.addLayer(L.polygon(island.layer.getLatLngs(), {
      renderer: self.renderer, interactive: false, color: '#0a0a0a', weight: 1.8,
      fill: out === island.cells.length, fillColor: self.lines, fillOpacity: 1
    }));
  });
  this.restack();
};

/* Ferries, bridges and posts that this condition stops. */
CoverageMap.prototype.paintStopped = function () {
  var view = this.current, self = this;
  this.ferryLayers.forEach(function (layer, n) {
    var style = FERRY_STYLES[self.data.ferries[n].kind] || FERRY_STYLES.passenger;
    layer.stopped = view.ferries.indexOf(n) >= 0;
    layer.setStyle(layer.stopped ? {color: '#a0322f', opacity: 0.45, weight: 1.4, dashArray: '1 7'}
      : {color: '#3a76b0', opacity: 0.75, weight: style.weight, dashArray: style.dashArray});
  });
  this.roadLayers.forEach(function (layer, n) {
    layer.stopped = view.roads.indexOf(n) >= 0;
    layer.setStyle(layer.stopped ? {color: '#a0322f', opacity: 1, weight: 2.4, dashArray: '2 5'}
      : {color: '#4b5661', opacity: 0.75, weight: self.data.roads[n].name ? 2 : 1, dashArray: ''});
  });
  this.postMarkers.forEach(function (marker, n) {
    marker.stopped = view.posts.indexOf(n) >= 0;
    marker.fade();
  });
};
