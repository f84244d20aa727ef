"use strict";
/* The map: land, cells, dots, lines, symbols and names from the data block. */

function CoverageMap(map, data, tiles) {
  this.map = map;
  this.data = data;
  this.ui = data.ui;
  this.cells = [];
  this.islands = {};
  this.layers = {};
  this.renderer = L.canvas({padding: 0.4, tolerance: 2});
  this.names = map.createPane('names');
  this.names.style.zIndex = 590;
  this.names.style.pointerEvents = 'none';
  this.unpack();
  this.drawIslands();
  this.drawCells();
  this.drawLines();
  this.drawPlaces();
  this.drawNames();
  this.addControls(tiles);
  this.show(data.shown, false);
  this.fitPopups();
  this.showWhole();
  var self = this;
  map.on('zoomend', function () { self.afterZoom(); });
  map.on('overlayadd', function () { self.restack(); });
  this.afterZoom();
}

CoverageMap.prototype.text = function (key, values) {
  var found = this.ui[key] || key;
  Object.keys(values || {}).forEach(function (name) {
    found = found.split('{' + name + '}').join(String(values[name]));
  });
  return found;
};

/* One decimal, or two where one would put the value on the wrong side of a break. */
CoverageMap.prototype.number = function (minutes) { return sided(minutes, uppers(this.data.bands), 2); };

CoverageMap.prototype.minutes = function (minutes) {
  return minutes === null || minutes === undefined
    ? this.text('unreachable') : this.text('minutes', {value: this.number(minutes)});
};

CoverageMap.prototype.count = function (value) { return Math.round(value).toLocaleString('en-US'); };

CoverageMap.prototype.people = function (count) {
  return count === null || count === undefined
    ? this.text('people_unknown') : this.text('people', {n: this.count(count)});
};

CoverageMap.prototype.showWhole = function () {
  var b = this.data.bounds, size = this.map.getSize();
  var left = Math.max(12, Math.min(size.x - size.y, 230)); /* keeps clear of the legend */
  this.map.fitBounds([[b[1], b[0]], [b[3], b[2]]], {
    animate: false, paddingTopLeft: [left, 12], paddingBottomRight: [size.x > 700 ? 84 : 12, 34 + this.map.attributionControl.getContainer().offsetHeight]
  });
};

CoverageMap.prototype.drawIslands = function () {
  var self = this, group = L.featureGroup();
  this.data.islands.forEach(function (island) {
    var rings = decodeShape(island.shape);
    if (!rings.length) return;
    var layer = L.polygon(rings, {
      renderer: self.renderer, color: '#8d99a6', weight: 0.8, fillColor: '#f7f4ec', fillOpacity: 1,
      smoothFactor: 1
    });
    island.layer = layer;
    island.bounds = layer.getBounds();
    island.cells = [];
    self.islands[island.id] = island;
    layer.island = island;
    group.addLayer(layer);
  });
  group.bindTooltip(function (layer) { return self.islandTip(layer.island); }, {sticky: true});
  group.bindPopup(function (layer) { return self.islandCard(layer.island); }, POPUP);
  this.layers.islands = group.addTo(this.map);
};

CoverageMap.prototype.drawCells = function () {
  var self = this, columns = this.data.cells, names = this.data.names, group = L.featureGroup();
  columns.shape.forEach(function (shape, i) {
    var island = self.islands[names[columns.island[i]]];
    if (island) island.cells.push(i);
    if (!shape.length) return;
    var layer = L.polygon(decodeShape(shape), {
      renderer: self.renderer, weight: 0.8, fillOpacity: 1, smoothFactor: 0.5
    });
    layer.cell = i;
    self.cells.push([i, layer]);
    group.addLayer(layer);
  });
  group.bindTooltip(function (layer) { return self.cellTip(layer.cell); }, {sticky: true});
  group.bindPopup(function (layer) { return self.cellCard(layer.cell); }, POPUP);
  this.layers.cells = group.addTo(this.map);
  this.layers.cut = L.layerGroup().addTo(this.map);
  this.layers.dots = this.drawDots().addTo(this.map);
};

/* Small inhabited islands get a dot in the colour of their mean while they are too small to see. */
CoverageMap.prototype.drawDots = function () {
  var self = this, group = L.layerGroup();
  this.dots = [];
  this.data.islands.forEach(function (island) {
    if (!island.bounds || !island.cells.length) return;
    var dot = new CrossedDot(island.bounds.getCenter(), {
      renderer: self.renderer, radius: 5, weight: 1, color: '#1d2733', fillOpacity: 1
    });
    dot.bindTooltip(function () { return self.islandTip(island); });
    dot.bindPopup(function () { return self.islandCard(island); }, POPUP);
    self.dots.push([island, dot]);
  });
  return group;
};

CoverageMap.prototype.drawLines = function () {
  var self = this, roads = L.layerGroup(), zones = L.layerGroup(), svg = L.svg({padding: 0.4});
  this.roadLayers = this.data.roads.map(function (road) {
    var layer = L.polyline(road.path.map(decodeSteps), {renderer: self.renderer, interactive: Boolean(road.name)});
    if (road.name) layer.bindTooltip(function () { return self.roadTip(road, layer.stopped); }, {sticky: true});
    roads.addLayer(layer);
    return layer;
  });
  this.layers.ferries = {};
  this.ferryLayers = this.data.ferries.map(function (ferry) {
    var group = self.layers.ferries[ferry.kind] = self.layers.ferries[ferry.kind] || L.layerGroup();
    group.title = ferry.kind_text;
    var layer = L.polyline(ferry.path.map(decodeSteps), {renderer: svg});
    layer.bindTooltip(function () { return self.ferryTip(ferry, layer.stopped); }, {sticky: true});
    group.addLayer(layer);
    return layer;
  });
  this.data.zones.forEach(function (zone) {
    if (zone.zone === 'rural') return; /* all that is not urban: an outline would only repeat the coast */
    [{color: '#fff', weight: 4, opacity: 0.9}, {color: '#12355b', weight: 2, dashArray: '7 4'}].forEach(function (style) {
      style.fill = false; style.renderer = svg; style.interactive = false;
      zones.addLayer(L.polygon(decodeShape(zone.shape), style));
    });
  });
  this.layers.roads = roads.addTo(this.map);
  this.layers.zones = zones.addTo(this.map);
  Object.keys(this.layers.ferries).forEach(function (kind) { self.layers.ferries[kind].addTo(self.map); });
};

CoverageMap.prototype.drawPlaces = function () {
  var self = this, kinds = {}, tiers = {};
  this.postMarkers = this.data.posts.map(function (post) {
    var clinic = post.evidence === 'clinic', key = clinic ? 'clinic' : post.kind;
    kinds[key] = kinds[key] || L.layerGroup();
    var marker = markAt(post.at, post.kind, post.evidence, post.name + ', ' + post.kind_text, clinic ? 13 : 20);
    self.explain(marker, post.name, [post.kind_text, post.evidence_text, post.vehicles, self.accuracy(post)]);
    kinds[key].addLayer(marker);
    return marker;
  });
  this.data.hospitals.forEach(function (place) {
    var group = tiers[place.kind] = tiers[place.kind] || L.layerGroup();
    group.addLayer(self.place(place, 'hospital', 'hospital_' + place.kind, self.text('tier_' + place.kind)));
  });
  this.layers.kinds = kinds;
  this.layers.tiers = tiers;
  this.layers.helipads = L.layerGroup(this.data.helipads.map(function (place) {
    return self.place(place, 'helipad', place.kind === 'planned' ? 'planned' : 'helipad', self.text('helipad'));
  }));
  this.layers.ports = L.layerGroup(this.data.ports.map(function (place) {
    return self.place(place, 'port', 'port', self.text('port'));
  }));
  this.layers.sites = L.layerGroup(this.data.sites.map(function (site) {
    var marker = markAt(site.at, 'site', 'site', site.name, 24).setZIndexOffset(500);
    self.explain(marker, site.name, [
      self.text('site') + ' · ' + site.kind_text, self.text('serves', {people: self.people(site.people)}),
      site.gain === null ? '' : self.text('gain', {minutes: self.minutes(site.gain)})
    ]);
    return marker;
  }));
  Object.keys(kinds).forEach(function (key) { if (key !== 'clinic') kinds[key].addTo(self.map); });
  this.layers.sites.addTo(this.map);
};

CoverageMap.prototype.place = function (place, kind, style, label) {
  var marker = markAt(place.at, kind, style, place.name + ', ' + label, 17);
  this.explain(marker, place.name, [label].concat(place.facts, [this.accuracy(place)]));
  return marker;
};

/* Names: larger islands first, a name only where it touches no other. */
CoverageMap.prototype.drawNames = function () {
  var named = this.data.islands.filter(function (island) { return island.name && island.bounds; });
  function extent(island) {
    var b = island.bounds;
    return (b.getEast() - b.getWest()) * (b.getNorth() - b.getSouth());
  }
  function served(island) { return island.cells.length ? 1 : 0; }
  named.sort(function (a, b) {
    return served(b) - served(a) || (b.people || 0) - (a.people || 0) || extent(b) - extent(a);
  });
  this.named = named;
  this.nameLayer = L.layerGroup().addTo(this.map);
};

CoverageMap.prototype.takenBySymbols = function () {
  var map = this.map, reach = 11 * (map.getZoom() < 10 ? 0.6 : map.getZoom() < 12 ? 0.8 : 1);
  return this.data.sites.concat(this.data.posts).map(function (place) {
    var at = map.project(place.at), r = place.evidence === 'clinic' ? 4 : reach;
    return {left: at.x - r, right: at.x + r, top: at.y - r, bottom: at.y + r};
  });
};

CoverageMap.prototype.placeNames = function () {
  var map = this.map, taken = this.takenBySymbols(), layer = this.nameLayer;
  layer.clearLayers();
  this.named.forEach(function (island) {
    var bounds = island.bounds, nw = map.project(bounds.getNorthWest()), se = map.project(bounds.getSouthEast());
    var letters = 0;
    for (var i = 0; i < island.name.length; i++) letters += island.name.charCodeAt(i) > 0x2e7f ? 1 : 0.56;
    var wide = 14 * letters + 6, w = se.x - nw.x, h = se.y - nw.y, large = w > 1.6 * wide && h > 60;
    var cx = (nw.x + se.x) / 2, cy = (nw.y + se.y) / 2;
    var beside = wide / 2 + 6 + Math.min(w / 2, 60), below = 13 + Math.min(h / 2, 60);
    var spots = [[cx, cy + below], [cx + beside, cy], [cx, cy - below], [cx - beside, cy]];
    if (large) spots = [[cx, cy], [cx, cy + h / 5], [cx, cy - h / 5], [cx - w / 5, cy], [cx + w / 5, cy]].concat(spots);
    var box, spot = spots.find(function (at) {
      box = {left: at[0] - wide / 2, right: at[0] + wide / 2, top: at[1] - 9, bottom: at[1] + 9};
      return taken.every(function (other) {
        return box.right < other.left || box.left > other.right || box.bottom < other.top || box.top > other.bottom;
      });
    });
    if (!spot) return;
    taken.push(box);
    var html = make('span', '', island.name);
    var icon = L.divIcon({className: 'place' + (large ? ' large' : ''), html: html, iconSize: null});
    layer.addLayer(L.marker(map.unproject(spot), {icon: icon, interactive: false, keyboard: false, pane: 'names'}));
  });
};

CoverageMap.prototype.afterZoom = function () {
  var map = this.map, zoom = map.getZoom(), box = map.getContainer(), group = this.layers.dots, self = this;
  box.classList.toggle('far', zoom < 10);
  box.classList.toggle('middle', zoom >= 10 && zoom < 12);
  this.dots.forEach(function (pair) {
    var nw = map.project(pair[0].bounds.getNorthWest()), se = map.project(pair[0].bounds.getSouthEast());
    var small = Math.max(se.x - nw.x, se.y - nw.y) < 11 && self.row(pair[0].id) !== undefined;
    if (small !== group.hasLayer(pair[1])) group[small ? 'addLayer' : 'removeLayer'](pair[1]);
  });
  this.placeNames();
};

CoverageMap.prototype.restack = function () {
  var map = this.map;
  ['islands', 'cells', 'cut', 'roads', 'dots'].map(function (key) { return this.layers[key]; }, this).forEach(function (group) {
    if (map.hasLayer(group)) group.eachLayer(function (layer) { layer.bringToFront(); });
  });
};

/* Takes the map to a place, rings it and explains it. */
CoverageMap.prototype.focus = function (bounds, outline, card) {
  this.map.fitBounds(bounds.pad(0.6), {maxZoom: 13.5, animate: false});
  if (this.ring) this.ring.remove();
  this.ring = L.layerGroup(outline.map(function (points) {
    return L.polygon(points, {renderer: L.svg(), fill: false, color: '#0b62c4', weight: 3, interactive: false});
  })).addTo(this.map);
  this.map.openPopup(card, bounds.getCenter(), POPUP);
};

CoverageMap.prototype.focusIsland = function (id) {
  var island = this.islands[id];
  if (island) this.focus(island.bounds, [island.layer.getLatLngs()], this.islandCard(island));
};

CoverageMap.prototype.focusTownship = function (number) {
  var inside = this.cells.filter(function (pair) { return this.data.cells.township[pair[0]] === number; }, this);
  if (!inside.length) return;
  var bounds = L.latLngBounds([]), outline = [];
  inside.forEach(function (pair) { bounds.extend(pair[1].getBounds()); outline.push(pair[1].getLatLngs()); });
  this.focus(bounds, outline, this.townshipCard(this.data.townships[number]));
};
