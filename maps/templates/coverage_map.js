"use strict";
/* The map: layers from the data block, tooltips and popups that explain, names, legend. */

function CoverageMap(map, data, tiles) {
  this.map = map;
  this.data = data;
  this.ui = data.ui;
  this.state = 'now';
  this.cells = [];
  this.islands = {};
  this.layers = {};
  this.renderer = L.canvas({padding: 0.4, tolerance: 2});
  this.markCounts();
  this.drawIslands();
  this.drawCells();
  this.drawLines();
  this.drawPlaces();
  this.drawNames();
  this.addControls(tiles);
  this.showWhole();
  var self = this;
  map.on('zoomend', function () { self.afterZoom(); });
  map.on('overlayadd', function () { self.restack(); });
  this.afterZoom();
}

CoverageMap.prototype.markCounts = function () {
  this.pane = this.map.createPane('names');
  this.pane.style.zIndex = 590;
  this.pane.style.pointerEvents = 'none';
};

CoverageMap.prototype.text = function (key, values) {
  var found = this.ui[key] || key;
  Object.keys(values || {}).forEach(function (name) {
    found = found.split('{' + name + '}').join(String(values[name]));
  });
  return found;
};

/* One decimal, or two where one would put the value on the wrong side of a break. */
CoverageMap.prototype.number = function (minutes) {
  var short = minutes.toFixed(1), bands = this.data.bands;
  var crosses = bands.some(function (band) {
    return band.upper !== null && (minutes <= band.upper) !== (Number(short) <= band.upper);
  });
  return crosses ? minutes.toFixed(2) : short;
};

CoverageMap.prototype.minutes = function (minutes) {
  return minutes === null || minutes === undefined
    ? this.text('unreachable') : this.text('minutes', {value: this.number(minutes)});
};

CoverageMap.prototype.people = function (count) {
  return count === null || count === undefined
    ? this.text('people_unknown')
    : this.text('people', {n: Math.round(count).toLocaleString('en-US')});
};

CoverageMap.prototype.showWhole = function () {
  var b = this.data.bounds, size = this.map.getSize();
  var left = Math.max(12, Math.min(size.x - size.y, 230)); /* keeps clear of the legend */
  this.map.fitBounds([[b[1], b[0]], [b[3], b[2]]], {
    animate: false, paddingTopLeft: [left, 12], paddingBottomRight: [12, 24]
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
    self.islands[island.id] = island;
    layer.island = island;
    group.addLayer(layer);
  });
  group.bindTooltip(function (layer) { return make('span', '', layer.island.name || self.text('unnamed')); }, {sticky: true});
  group.bindPopup(function (layer) { return self.islandCard(layer.island); }, {maxWidth: 340});
  this.layers.islands = group.addTo(this.map);
};

CoverageMap.prototype.drawCells = function () {
  var self = this, columns = this.data.cells, group = L.featureGroup();
  columns.shape.forEach(function (shape, i) {
    if (!shape.length) return;
    var layer = L.polygon(decodeShape(shape), {
      renderer: self.renderer, weight: 0.8, fillOpacity: 1, smoothFactor: 0.5
    });
    layer.cell = i;
    self.cells.push([i, layer]);
    group.addLayer(layer);
  });
  group.bindTooltip(function (layer) { return self.cellTip(layer.cell); }, {sticky: true});
  group.bindPopup(function (layer) { return self.cellCard(layer.cell); }, {maxWidth: 380});
  this.layers.dots = this.drawDots();
  this.paint();
  this.layers.cells = group.addTo(this.map);
  this.layers.dots.addTo(this.map);
};

/* Small inhabited islands get a dot in the colour of their mean while they are too small to see. */
CoverageMap.prototype.drawDots = function () {
  var self = this, group = L.layerGroup();
  this.dots = [];
  this.data.islands.forEach(function (island) {
    if (island.now_band === undefined || !island.bounds) return;
    var dot = L.circleMarker(island.bounds.getCenter(), {
      renderer: self.renderer, radius: 5, weight: 1, color: '#1d2733', fillOpacity: 1
    });
    dot.bindTooltip(function () {
      return make('span', '', (island.name || self.text('unnamed')) + ': ' + self.minutes(island[self.state]));
    });
    dot.bindPopup(function () { return self.islandCard(island); }, {maxWidth: 340});
    self.dots.push([island, dot]);
  });
  return group;
};

CoverageMap.prototype.value = function (i) { return this.data.cells[this.state][i]; };

CoverageMap.prototype.paint = function () {
  var bands = this.data.bands, numbers = this.data.cells[this.state + '_band'];
  this.cells.forEach(function (pair) {
    var colour = bands[numbers[pair[0]]].colour;
    pair[1].setStyle({color: colour, fillColor: colour});
  });
  this.dots.forEach(function (pair) {
    var number = pair[0][this.state + '_band'];
    if (number !== undefined) pair[1].setStyle({fillColor: bands[number].colour});
  }, this);
};

CoverageMap.prototype.setState = function (state) {
  this.state = state;
  this.map.closePopup();
  this.paint();
  this.afterZoom();
  document.querySelectorAll('[data-state]').forEach(function (element) {
    element.classList.toggle('hidden', element.dataset.state !== state);
  });
};

CoverageMap.prototype.drawLines = function () {
  var self = this, roads = L.layerGroup(), ferries = L.layerGroup(), zones = L.layerGroup();
  this.data.roads.forEach(function (road) {
    var layer = L.polyline(road.path.map(decodeSteps), {
      renderer: self.renderer, color: '#4b5661', weight: road.name ? 2 : 1, opacity: 0.75,
      interactive: Boolean(road.name)
    });
    if (road.name) {
      layer.bindTooltip(function () { return make('span', '', road.name + ' · ' + road.structure); }, {sticky: true});
    }
    roads.addLayer(layer);
  });
  var svg = L.svg({padding: 0.4});
  this.data.ferries.forEach(function (ferry) {
    var layer = L.polyline(ferry.path.map(decodeSteps), {
      renderer: svg, color: '#3a76b0', weight: ferry.car ? 1.6 : 1.1, opacity: 0.75,
      dashArray: ferry.car ? '6 4' : '2 4'
    });
    layer.bindTooltip(function () { return self.ferryTip(ferry); }, {sticky: true});
    ferries.addLayer(layer);
  });
  this.data.zones.forEach(function (zone) {
    if (zone.zone === 'rural') return; /* all that is not urban: an outline would only repeat the coast */
    [{color: '#fff', weight: 4, opacity: 0.9}, {color: '#12355b', weight: 2, dashArray: '7 4'}].forEach(function (style) {
      style.fill = false; style.renderer = svg; style.interactive = false;
      zones.addLayer(L.polygon(decodeShape(zone.shape), style));
    });
  });
  this.layers.roads = roads.addTo(this.map);
  this.layers.ferries = ferries.addTo(this.map);
  this.layers.zones = zones.addTo(this.map);
};

CoverageMap.prototype.drawPlaces = function () {
  var self = this, kinds = {};
  this.data.posts.forEach(function (post) {
    var clinic = post.evidence === 'clinic', key = clinic ? 'clinic' : post.kind;
    kinds[key] = kinds[key] || L.layerGroup();
    var marker = markAt(post.at, post.kind, post.evidence, post.name + ', ' + post.kind_text, clinic ? 13 : 20);
    self.explain(marker, post.name, [post.kind_text, post.evidence_text, post.vehicles, self.accuracy(post)]);
    kinds[key].addLayer(marker);
  });
  this.layers.kinds = kinds;
  [['helipads', 'helipad', 'helipad'], ['hospitals', 'hospital', 'clinic'], ['ports', 'port', 'port']].forEach(function (row) {
    var group = L.layerGroup();
    self.data[row[0]].forEach(function (place) {
      var marker = markAt(place.at, row[1], row[2], place.name, 16);
      self.explain(marker, place.name, [self.text(row[1]), self.accuracy(place)]);
      group.addLayer(marker);
    });
    self.layers[row[0]] = group;
  });
  this.layers.sites = L.layerGroup();
  this.data.sites.forEach(function (site) {
    var marker = markAt(site.at, 'site', 'site', site.name, 24).setZIndexOffset(500);
    self.explain(marker, site.name, [
      self.text('site') + ' · ' + site.kind_text, self.text('serves', {people: self.people(site.people)}),
      site.gain === null ? '' : self.text('gain', {minutes: self.minutes(site.gain)})
    ]);
    self.layers.sites.addLayer(marker);
  });
  Object.keys(kinds).forEach(function (key) { if (key !== 'clinic') kinds[key].addTo(self.map); });
  this.layers.sites.addTo(this.map);
};

CoverageMap.prototype.accuracy = function (place) {
  return place.accuracy_m === null || place.accuracy_m === undefined
    ? '' : this.text('accuracy', {metres: Math.round(place.accuracy_m)});
};

CoverageMap.prototype.explain = function (marker, title, lines) {
  function card() {
    var box = make('div', 'card');
    box.appendChild(make('h3', '', title));
    lines.filter(Boolean).forEach(function (line) { box.appendChild(make('p', 'quiet', line)); });
    return box;
  }
  marker.bindTooltip(function () { return make('span', '', title + ' · ' + lines[0]); }, {direction: 'top', offset: [0, -8]});
  marker.bindPopup(card, {maxWidth: 320});
};

CoverageMap.prototype.ferryTip = function (ferry) {
  var box = make('div');
  box.appendChild(make('b', '', ferry.name));
  var facts = [ferry.kind];
  if (ferry.duration !== null) facts.push(this.minutes(ferry.duration));
  if (ferry.departures !== null) facts.push(this.text('departures', {n: ferry.departures}));
  facts.push(ferry.status);
  box.appendChild(make('div', '', facts.filter(Boolean).join(' · ')));
  return box;
};

CoverageMap.prototype.cellTip = function (i) {
  var columns = this.data.cells, names = this.data.names, box = make('div');
  box.appendChild(make('b', '', names[columns.title[i]]));
  var line = this.minutes(this.value(i));
  if (this.state === 'now' && columns.now[i] !== null) line += ' · ' + names[columns.vehicle[i]];
  box.appendChild(make('div', '', line));
  return box;
};

CoverageMap.prototype.judged = function (minutes, target) {
  if (target === null) return make('span');
  var met = minutes !== null && minutes <= target;
  var text = (met ? '✓ ' : '✗ ') + this.text(met ? 'within' : 'beyond', {target: target});
  return make('span', met ? 'met' : 'missed', text);
};

CoverageMap.prototype.cellCard = function (i) {
  var columns = this.data.cells, names = this.data.names, box = make('div', 'card');
  box.appendChild(make('h3', '', names[columns.title[i]]));
  box.appendChild(make('p', 'quiet', names[columns.zone[i]] + ' · ' + this.people(columns.people[i])));
  var head = make('p');
  head.appendChild(make('span', 'big', this.minutes(columns.now[i])));
  head.appendChild(document.createTextNode('  '));
  head.appendChild(this.judged(columns.now[i], columns.target[i]));
  box.appendChild(head);
  if (columns.now[i] !== null) {
    box.appendChild(make('p', '', this.text('best', {vehicle: names[columns.vehicle[i]], post: names[columns.post[i]]})));
    box.appendChild(this.legsTable(i));
  }
  if (columns.second[i] !== null) {
    box.appendChild(make('p', 'quiet', this.text('second', {
      vehicle: names[columns.second_vehicle[i]], post: names[columns.second_post[i]],
      minutes: this.minutes(columns.second[i])
    })));
  }
  if (columns.after) {
    box.appendChild(make('p', '', this.text('then', {minutes: this.minutes(columns.after[i])})));
  }
  return box;
};

CoverageMap.prototype.legsTable = function (i) {
  var self = this, names = this.data.names, table = make('table'), body = make('tbody');
  this.data.cells.legs[i].forEach(function (number) {
    var leg = self.data.legs[number], row = make('tr'), what = make('td'), where = make('td', 'quiet');
    what.textContent = names[leg[0]];
    where.textContent = [names[leg[1]], names[leg[2]]].filter(Boolean).join(' → ');
    if (leg[4]) {
      where.appendChild(document.createTextNode(' '));
      where.appendChild(make('span', 'tag', self.text('schematic')));
    }
    row.appendChild(what);
    row.appendChild(where);
    row.appendChild(make('td', 'number', leg[3] === null ? '' : leg[3].toFixed(1)));
    body.appendChild(row);
  });
  table.appendChild(body);
  var foot = make('tfoot'), sum = make('tr');
  sum.appendChild(make('th', '', this.text('total')));
  sum.appendChild(make('td'));
  sum.appendChild(make('td', 'number', this.minutes(this.data.cells.now[i])));
  foot.appendChild(sum);
  table.appendChild(foot);
  return table;
};

CoverageMap.prototype.islandCard = function (island) {
  var box = make('div', 'card');
  box.appendChild(make('h3', '', island.name || this.text('unnamed')));
  box.appendChild(make('p', 'quiet', [island.county, island.county === undefined ? '' : this.people(island.people)].filter(Boolean).join(' · ')));
  if (island.now_band === undefined) {
    box.appendChild(make('p', 'quiet', this.text('no_demand')));
    return box;
  }
  box.appendChild(make('p', 'big', this.minutes(island.now)));
  box.appendChild(make('p', 'quiet', this.text('island_mean')));
  if (island.after_band !== undefined) {
    box.appendChild(make('p', '', this.text('then', {minutes: this.minutes(island.after)})));
  }
  if (island.now !== null && island.vehicle) {
    box.appendChild(make('p', '', this.text('best', {vehicle: island.vehicle, post: island.post})));
  }
  return box;
};

/* Names: larger islands first, a name only where it touches no other. */
CoverageMap.prototype.drawNames = function () {
  var named = this.data.islands.filter(function (island) { return island.name && island.bounds; });
  function extent(island) {
    var b = island.bounds;
    return (b.getEast() - b.getWest()) * (b.getNorth() - b.getSouth());
  }
  function served(island) { return island.now_band === undefined ? 0 : 1; }
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
  var map = this.map, zoom = map.getZoom(), box = map.getContainer(), group = this.layers.dots, state = this.state;
  box.classList.toggle('far', zoom < 10);
  box.classList.toggle('middle', zoom >= 10 && zoom < 12);
  this.dots.forEach(function (pair) {
    var nw = map.project(pair[0].bounds.getNorthWest()), se = map.project(pair[0].bounds.getSouthEast());
    var small = Math.max(se.x - nw.x, se.y - nw.y) < 11 && pair[0][state + '_band'] !== undefined;
    if (small !== group.hasLayer(pair[1])) group[small ? 'addLayer' : 'removeLayer'](pair[1]);
  });
  this.placeNames();
};

CoverageMap.prototype.restack = function () {
  var map = this.map;
  ['islands', 'cells', 'roads', 'dots'].map(function (key) { return this.layers[key]; }, this).forEach(function (group) {
    if (map.hasLayer(group)) group.eachLayer(function (layer) { layer.bringToFront(); });
  });
};

CoverageMap.prototype.focusIsland = function (id) {
  var island = this.islands[id];
  if (!island) return;
  this.map.fitBounds(island.bounds.pad(0.6), {maxZoom: 13.5, animate: false});
  if (this.ring) this.ring.remove();
  this.ring = L.polygon(island.layer.getLatLngs(), {
    renderer: L.svg(), fill: false, color: '#0b62c4', weight: 3, interactive: false
  }).addTo(this.map);
  this.map.openPopup(this.islandCard(island), island.bounds.getCenter(), {maxWidth: 340});
};
