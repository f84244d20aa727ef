"use strict";
/* The map: land, cells in the colour of their minutes or of what they gain, links, names. */

var CHANGES = [
  {upto: -5, colour: '#0d4f8b'}, {upto: -2, colour: '#4b93c7'}, {upto: -0.05, colour: '#b9d9ec'},
  {upto: 0.05, colour: '#f7f4ec'}, {upto: 2, colour: '#f8cfa6'}, {upto: 5, colour: '#dd7b3a'}, {upto: Infinity, colour: '#9c3412'}
];
var REACHED = '#0b2f57', CUT_OFF = '#0a0a0a';
var POPUP = {maxWidth: 320, autoPanPadding: [20, 60]};

function WhatIfMap(data, edits) {
  this.data = data;
  this.edits = edits;
  this.ui = data.ui;
  this.shade = 'now';
  this.islands = {};
  this.rows = {};
  this.cells = [];
  var map = this.map = L.map('map', {minZoom: 6, maxZoom: 17, zoomSnap: 0.25, preferCanvas: true, zoomControl: false, attributionControl: false});
  this.renderer = L.canvas({padding: 0.4, tolerance: 3});
  this.pane('links', 410);
  this.pane('names', 590);
  map.getPane('names').style.pointerEvents = 'none';
  L.control.zoom({position: 'topleft', zoomInTitle: this.text('zoom_in'), zoomOutTitle: this.text('zoom_out')}).addTo(map);
  L.control.scale({imperial: false, position: 'bottomright', maxWidth: 140}).addTo(map);
  this.drawLand();
  this.drawLinks();
  this.drawHelipads();
  this.showWhole();
  map.on('zoomend', this.afterZoom, this);
  this.afterZoom();
}

WhatIfMap.prototype.pane = function (name, order) { this.map.createPane(name).style.zIndex = order; };

WhatIfMap.prototype.text = function (key, values) {
  var found = this.ui[key] || key;
  Object.keys(values || {}).forEach(function (name) { found = found.split('{' + name + '}').join(String(values[name])); });
  return found;
};

/* One decimal, or two where one would put the value on the wrong side of a break. */
WhatIfMap.prototype.number = function (minutes) { return sided(minutes, uppers(this.data.bands), 2); };

WhatIfMap.prototype.minutes = function (minutes) {
  return minutes === null || minutes === undefined ? this.text('unreachable') : this.text('minutes', {value: this.number(minutes)});
};

WhatIfMap.prototype.signed = function (minutes) {
  var size = Math.abs(minutes).toFixed(1);
  return Number(size) === 0 ? size : (minutes > 0 ? '+' : '−') + size;
};

WhatIfMap.prototype.count = function (value) {
  return value === null || value === undefined ? this.text('unknown') : Math.round(value).toLocaleString('en-US');
};

WhatIfMap.prototype.band = function (minutes) {
  var bands = this.data.bands, i = 0;
  if (minutes === null || minutes === undefined) return bands[bands.length - 1];
  while (bands[i].upper !== null && !keeps(minutes, bands[i].upper)) i += 1;
  return bands[i];
};

WhatIfMap.prototype.showWhole = function () {
  var b = this.data.bounds;
  this.map.fitBounds([[b[1], b[0]], [b[3], b[2]]], {animate: false, padding: [14, 14]});
};

WhatIfMap.prototype.drawLand = function () {
  var self = this, map = this.map, columns = this.data.cells, names = this.data.names;
  this.data.islands.forEach(function (island) {
    var rings = decodeShape(island.shape);
    if (!rings.length) return;
    var layer = L.polygon(rings, {renderer: self.renderer, color: '#8d99a6', weight: 0.8, fillColor: '#f7f4ec', fillOpacity: 1, smoothFactor: 1, interactive: false}).addTo(map);
    island.bounds = layer.getBounds();
    island.cells = [];
    self.islands[island.id] = island;
  });
  var group = L.featureGroup();
  columns.shape.forEach(function (shape, i) {
    var island = self.islands[names[columns.island[i]]];
    if (island) island.cells.push(i);
    if (!shape.length) return;
    var layer = L.polygon(decodeShape(shape), {renderer: self.renderer, weight: 0.8, color: '#c9ced4', fillColor: '#e4e7ea', fillOpacity: 1, smoothFactor: 0.5});
    layer.cell = i;
    self.cells.push(layer);
    group.addLayer(layer);
  });
  group.bindTooltip(function (layer) { return self.cellTip(layer.cell); }, {sticky: true});
  group.addTo(map);
  this.dots = this.data.islands.filter(function (island) { return island.bounds && island.cells.length; }).map(function (island) {
    var dot = L.circleMarker(island.bounds.getCenter(), {renderer: self.renderer, radius: 5, weight: 1, color: '#1d2733', fillColor: '#e4e7ea', fillOpacity: 1});
    dot.bindTooltip(function () { return self.islandTip(island); });
    dot.island = island;
    return dot;
  });
  this.data.zones.forEach(function (zone) {
    [{color: '#fff', weight: 4, opacity: 0.9}, {color: '#12355b', weight: 2, dashArray: '7 4'}].forEach(function (style) {
      L.polygon(decodeShape(zone), Object.assign({fill: false, interactive: false, pane: 'links', renderer: L.svg({pane: 'links'})}, style)).addTo(map);
    });
  });
};

WhatIfMap.prototype.drawLinks = function () {
  var self = this, svg = L.svg({pane: 'links', padding: 0.4});
  this.links = {};
  [['road', this.data.roads], ['ferry', this.data.ferries]].forEach(function (pair) {
    pair[1].forEach(function (link) {
      if (!link.path.length) return;
      link.what = pair[0] === 'ferry' ? 'ferry' : link.structure || 'road';
      var points = link.path.map(decodeSteps);
      link.line = L.polyline(points, {renderer: svg, pane: 'links', interactive: false}).addTo(self.map);
      link.hit = L.polyline(points, {renderer: svg, pane: 'links', weight: 14, opacity: 0, lineCap: 'butt'}).addTo(self.map);
      link.hit.bindTooltip(function () { return self.linkTip(link); }, {sticky: true});
      link.hit.bindPopup(function () { return self.linkCard(link); }, POPUP);
      self.links[link.id] = link;
    });
  });
};

/* Where helicopters land today: they stay where they are. */
WhatIfMap.prototype.drawHelipads = function () {
  var self = this;
  this.data.helipads.forEach(function (pad) {
    var icon = L.divIcon({className: 'mark pad', html: symbol('helipad', 'helipad', 15), iconSize: null});
    L.marker(pad.at, {icon: icon, keyboard: false, zIndexOffset: -100}).bindTooltip(function () {
      return self.lines(pad.name, self.text('helipad'));
    }, {direction: 'top', offset: [0, -8]}).addTo(self.map);
  });
};

WhatIfMap.prototype.lines = function (title, line) {
  var box = make('div');
  box.appendChild(make('strong', '', title));
  box.appendChild(make('div', '', line));
  return box;
};

WhatIfMap.prototype.styleLinks = function () {
  var self = this, edits = this.edits;
  Object.keys(this.links).forEach(function (id) {
    var link = self.links[id], open = edits.isOpen(link), changed = open !== link.open, crossing = link.what !== 'road' && link.what !== 'ferry';
    var style = link.what === 'ferry'
      ? {color: '#3a76b0', weight: 2.2, dashArray: '7 5', opacity: 0.9}
      : {color: crossing ? '#1d2733' : '#6b7682', weight: crossing ? 3 : 1.2, dashArray: null, opacity: crossing ? 0.95 : 0.75};
    if (!open) style = {color: changed ? '#b3261e' : '#8d99a6', weight: changed ? 3 : 1.6, dashArray: '2 6', opacity: changed ? 1 : 0.65};
    else if (changed) style = {color: '#0b7a4b', weight: 4, dashArray: link.what === 'ferry' ? '7 5' : null, opacity: 1};
    link.line.setStyle(style);
  });
};

WhatIfMap.prototype.linkTip = function (link) {
  return this.lines(link.name, this.text('link_' + link.what) + ' · ' + this.linkState(link));
};

WhatIfMap.prototype.linkState = function (link) {
  return this.text(this.edits.isOpen(link) ? 'is_open' : link.open ? 'is_closed' : 'is_planned');
};

WhatIfMap.prototype.linkCard = function (link) {
  var self = this, box = make('div', 'card');
  box.appendChild(make('h3', '', link.name));
  box.appendChild(make('p', '', this.text('link_' + link.what) + ' · ' + this.linkState(link)));
  box.appendChild(this.deed(this.text(this.edits.isOpen(link) ? 'close_link' : 'open_link'), function () {
    self.map.closePopup();
    self.edits.turnLink(link);
  }));
  return box;
};

WhatIfMap.prototype.deed = function (label, act, name) {
  var button = make('button', 'deed' + (name ? ' ' + name : ''), label);
  button.type = 'button';
  button.addEventListener('click', act);
  return button;
};

WhatIfMap.prototype.cellTip = function (i) {
  var answer = this.answer, columns = this.data.cells, names = this.data.names, box = make('div');
  var island = this.islands[names[columns.island[i]]], title = [names[columns.name[i]], island && island.name].filter(Boolean);
  box.appendChild(make('strong', '', title.filter(function (t, k) { return title.indexOf(t) === k; }).join(' · ') || this.text('unnamed')));
  box.appendChild(make('div', 'quiet', names[columns.zone[i]] + ' · ' + this.text('people', {n: this.count(columns.people[i])})));
  if (!answer) return box;
  var was = answer.cells.before[i], now = answer.cells.now[i], line = this.minutesLine(was, now);
  line.appendChild(make('span', now !== null && keeps(now, columns.target[i]) ? 'met' : 'missed', this.minutes(now)));
  box.appendChild(line);
  this.crewLines(box, i);
  return box;
};

WhatIfMap.prototype.crewLines = function (box, i) {
  var answer = this.answer, crew = answer.crews[answer.cells.crew[i]], second = answer.crews[answer.cells.second[i]];
  if (crew) box.appendChild(make('div', '', this.crew(crew)));
  if (second) box.appendChild(make('div', 'quiet', this.text('second', {crew: this.crew(second), minutes: this.minutes(answer.cells.second_min[i])})));
};

/* A line with what was, if that is something else; what is now follows. */
WhatIfMap.prototype.minutesLine = function (was, now) {
  var line = make('div', 'big');
  if (was === null || now === null || Math.abs(now - was) >= 0.05) line.appendChild(make('span', 'was', this.minutes(was) + ' → '));
  return line;
};

/* The tip of a dot tells what its colour does: the mean of the island, not of one of its cells. */
WhatIfMap.prototype.islandTip = function (island) {
  var row = this.rows[island.id], columns = this.data.cells, box = make('div');
  var name = island.name || (row && (this.data.lang === 'zh' ? row.name_zh : row.name_en));
  box.appendChild(make('strong', '', name || this.text('unnamed')));
  if (!row) return box;
  box.appendChild(make('div', 'quiet', this.text('island_people', {n: this.count(row.population)})));
  var targets = island.cells.map(function (i) { return columns.target[i]; }), now = row.now_min;
  var one = targets.every(function (target) { return target === targets[0]; });
  var line = this.minutesLine(row.before_min, now);
  line.appendChild(make('span', !one ? '' : now !== null && keeps(now, targets[0]) ? 'met' : 'missed', this.minutes(now)));
  box.appendChild(make('div', 'quiet', this.text('island_mean')));
  box.appendChild(line);
  if (row.now_unreachable) box.appendChild(make('div', 'missed', this.text('unreached', {value: this.count(row.now_unreachable)})));
  if (island.cells.length === 1) this.crewLines(box, island.cells[0]);
  else if (row.vehicle) {
    var crew = {vehicle: row.vehicle, post_id: row.post_id, name_zh: row.post_zh, name_en: row.post_en};
    box.appendChild(make('div', '', this.text('island_crew', {crew: this.crew(crew)})));
  }
  return box;
};

WhatIfMap.prototype.crew = function (crew) {
  var name = this.data.lang === 'zh' ? crew.name_zh : crew.name_en || crew.name_zh;
  return this.text('crew', {vehicle: this.data.vehicles[crew.vehicle], post: this.postName(crew.post_id) || name});
};

/* Posts of today have their name, in pinyin where the data give no English one; new ones their own. */
WhatIfMap.prototype.postName = function (id) {
  var post = this.posts && this.posts[id];
  return post ? post.name : '';
};

WhatIfMap.prototype.colour = function (was, now) {
  if (this.shade === 'now') return this.band(now).colour;
  if (was === null && now === null) return '#d5d8dc';
  if (was === null) return REACHED;
  if (now === null) return CUT_OFF;
  return CHANGES.find(function (step) { return now - was <= step.upto; }).colour;
};

WhatIfMap.prototype.paint = function (answer) {
  var self = this, cells = answer.cells;
  this.answer = answer;
  this.cells.forEach(function (layer) {
    var i = layer.cell, colour = self.colour(cells.before[i], cells.now[i]);
    if (layer.shown !== colour) {
      layer.shown = colour;
      layer.setStyle({fillColor: colour, color: colour});
    }
  });
  this.rows = {};
  answer.islands.forEach(function (row) { self.rows[row.island_id] = row; });
  this.dots.forEach(function (dot) {
    var row = self.rows[dot.island.id];
    if (row) dot.setStyle({fillColor: self.colour(row.before_min, row.now_min)});
  });
  this.styleLinks();
  this.fillLegend();
};

WhatIfMap.prototype.fillLegend = function () {
  var self = this, list = document.getElementById('bands');
  list.replaceChildren();
  function add(colour, label) {
    var row = make('li'), key = make('span', 'key');
    key.style.backgroundColor = colour;
    row.appendChild(key);
    row.appendChild(make('span', '', label));
    list.appendChild(row);
  }
  if (this.shade === 'now') {
    this.data.bands.forEach(function (band) { add(band.colour, band.label); });
    return;
  }
  add(REACHED, this.text('newly_reached'));
  ['faster_5', 'faster_2', 'faster', 'same', 'slower', 'slower_2', 'slower_5'].forEach(function (key, n) { add(CHANGES[n].colour, self.text(key)); });
  add(CUT_OFF, this.text('cut_off'));
};

/* Small inhabited islands get a dot while they are too small to see; names where they touch nothing. */
WhatIfMap.prototype.afterZoom = function () {
  var map = this.map, zoom = map.getZoom(), box = map.getContainer();
  box.classList.toggle('far', zoom < 10);
  box.classList.toggle('middle', zoom >= 10 && zoom < 12);
  this.dots.forEach(function (dot) {
    var nw = map.project(dot.island.bounds.getNorthWest()), se = map.project(dot.island.bounds.getSouthEast());
    var small = Math.max(se.x - nw.x, se.y - nw.y) < 11;
    if (small !== map.hasLayer(dot)) dot[small ? 'addTo' : 'remove'](map);
  });
  this.placeNames();
};

WhatIfMap.prototype.placeNames = function () {
  var self = this, map = this.map, taken = [];
  if (this.names) this.names.remove();
  this.names = L.layerGroup().addTo(map);
  Object.keys(this.posts || {}).forEach(function (id) {
    var at = map.project(self.posts[id].marker.getLatLng());
    taken.push({left: at.x - 9, right: at.x + 9, top: at.y - 9, bottom: at.y + 9});
  });
  this.data.islands.filter(function (island) { return island.name && island.bounds; }).sort(function (a, b) {
    return b.cells.length - a.cells.length;
  }).forEach(function (island) {
    var nw = map.project(island.bounds.getNorthWest()), se = map.project(island.bounds.getSouthEast()), letters = 0;
    for (var i = 0; i < island.name.length; i++) letters += island.name.charCodeAt(i) > 0x2e7f ? 1 : 0.56;
    var wide = 12 * letters + 6, cx = (nw.x + se.x) / 2, cy = (nw.y + se.y) / 2, h = Math.min((se.y - nw.y) / 2, 60), w = Math.min((se.x - nw.x) / 2, 60), box;
    var spot = [[cx, cy + 12 + h], [cx + wide / 2 + 6 + w, cy], [cx, cy - 12 - h], [cx - wide / 2 - 6 - w, cy]].find(function (at) {
      box = {left: at[0] - wide / 2, right: at[0] + wide / 2, top: at[1] - 8, bottom: at[1] + 8};
      return taken.every(function (t) { return box.right < t.left || box.left > t.right || box.bottom < t.top || box.top > t.bottom; });
    });
    if (!spot) return;
    taken.push(box);
    var icon = L.divIcon({className: 'place', html: make('span', '', island.name), iconSize: null});
    self.names.addLayer(L.marker(map.unproject(spot), {icon: icon, interactive: false, keyboard: false, pane: 'names'}));
  });
};
