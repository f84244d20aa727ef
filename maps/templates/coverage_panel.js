"use strict";
/* Controls on the map, and the table beside it. */

CoverageMap.prototype.addControls = function (tiles) {
  var map = this.map, self = this;
  L.control.zoom({position: 'topleft', zoomInTitle: this.text('zoom_in'), zoomOutTitle: this.text('zoom_out')}).addTo(map);
  var north = L.control({position: 'topleft'});
  north.onAdd = function () {
    var box = make('div', 'north');
    box.innerHTML = '<svg viewBox="0 0 20 26" width="22" height="28" aria-hidden="true"><path d="M10 1l7 23-7-5-7 5z" fill="#1d2733" stroke="#fff"/></svg>';
    box.appendChild(make('div', '', 'N'));
    return box;
  };
  north.addTo(map);
  var legend = L.control({position: 'bottomleft'});
  legend.onAdd = function () { return self.legend(); };
  legend.addTo(map);
  var credits = document.getElementById('credits').content.textContent;
  var attribution = L.control.attribution({prefix: false}).addTo(map);
  attribution.addAttribution(make('span', '', credits).outerHTML);
  L.control.scale({imperial: false, position: 'bottomright', maxWidth: 140}).addTo(map);
  this.addLayerControl(tiles);
};

CoverageMap.prototype.addLayerControl = function (tiles) {
  var self = this, map = this.map, bases = {}, overlays = {}, kinds = this.layers.kinds;
  function entry(drawing, label) { return drawing + make('span', '', label).outerHTML; }
  function add(key, drawing) {
    var group = self.layers[key];
    if (group && group.getLayers().length) overlays[entry(drawing || '', self.text('layer_' + key))] = group;
  }
  add('sites', symbol('site', 'site', 16));
  Object.keys(SYMBOLS).filter(function (kind) { return kinds[kind]; }).forEach(function (kind) {
    overlays[entry(symbol(kind, 'confirmed', 15), self.text('layer_' + kind))] = kinds[kind];
  });
  if (kinds.clinic) overlays[entry(symbol('health_centre', 'clinic', 15), this.text('layer_clinic'))] = kinds.clinic;
  add('hospitals', symbol('hospital', 'clinic', 15));
  add('helipads', symbol('helipad', 'helipad', 15));
  add('ports', symbol('port', 'port', 15));
  add('ferries');
  add('roads');
  add('zones');
  add('cells');
  if (tiles.length) {
    var groups = [];
    tiles.forEach(function (tile) {
      if (tile.title) groups.push({title: tile.title, layers: []});
      groups[groups.length - 1].layers.push(tile.layer);
    });
    var plain = L.layerGroup();
    bases[entry('', this.text('base_islands'))] = plain;
    groups.forEach(function (group, i) {
      var layer = L.layerGroup(group.layers);
      bases[entry('', group.title)] = layer;
      if (i === 0) layer.addTo(map);
    });
    map.on('baselayerchange', function (event) { self.shadeLand(event.layer === plain ? 1 : 0); });
    this.shadeLand(0);
  }
  L.control.layers(bases, overlays, {position: 'topright', collapsed: true}).addTo(map);
};

/* Over map tiles the land is clear and the cells let the map show through. */
CoverageMap.prototype.shadeLand = function (opacity) {
  this.layers.islands.setStyle({fillOpacity: opacity});
  this.layers.cells.setStyle({fillOpacity: opacity || 0.65, weight: opacity ? 0.8 : 0});
};

CoverageMap.prototype.legend = function () {
  var box = document.getElementById('legend').content.firstElementChild.cloneNode(true);
  var symbols = box.querySelector('.symbols'), self = this, seen = {};
  function add(kind, style, label) {
    var item = make('span');
    item.innerHTML = symbol(kind, style, 15);
    item.appendChild(document.createTextNode(label));
    symbols.appendChild(item);
  }
  this.data.posts.forEach(function (post) { if (post.evidence !== 'clinic') seen[post.kind] = post.kind_text; });
  Object.keys(SYMBOLS).forEach(function (kind) { if (seen[kind]) add(kind, 'confirmed', seen[kind]); });
  if (this.data.posts.length) {
    add('ambulance_station', 'confirmed', this.text('filled'));
    add('ambulance_station', 'assumed', this.text('hollow'));
  }
  if (this.data.sites.length) add('site', 'site', this.text('site'));
  L.DomEvent.disableClickPropagation(box);
  L.DomEvent.disableScrollPropagation(box);
  return box;
};

function CoverageTable(coverage) {
  var self = this;
  this.coverage = coverage;
  this.table = document.getElementById('islands');
  this.body = this.table.tBodies[0];
  this.rows = Array.prototype.slice.call(this.body.rows);
  this.body.addEventListener('click', function (event) {
    var row = event.target.closest('tr');
    if (row) self.choose(row);
  });
  document.getElementById('find').addEventListener('input', function (event) { self.find(event.target.value); });
  this.table.querySelectorAll('[data-sort]').forEach(function (button) {
    button.addEventListener('click', function () { self.sort(button); });
  });
}

CoverageTable.prototype.choose = function (row) {
  this.rows.forEach(function (other) { other.classList.toggle('chosen', other === row); });
  this.coverage.focusIsland(row.dataset.id);
};

CoverageTable.prototype.find = function (words) {
  var wanted = words.trim().toLowerCase(), shown = 0;
  this.rows.forEach(function (row) {
    var hit = row.dataset.search.indexOf(wanted) >= 0;
    row.classList.toggle('hidden', !hit);
    if (hit) shown += 1;
  });
  document.getElementById('none-found').classList.toggle('hidden', shown > 0);
};

/* Unreachable counts as slowest and unknown as fewest, so neither hides in the middle. */
CoverageTable.prototype.sort = function (button) {
  var head = button.closest('th'), key = button.dataset.sort, body = this.body;
  var down = head.getAttribute('aria-sort') !== 'descending';
  this.table.querySelectorAll('th[aria-sort]').forEach(function (other) { other.removeAttribute('aria-sort'); });
  head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
  function value(row) {
    var text = row.dataset[key];
    return text === '' ? (key === 'mean' ? Infinity : -1) : Number(text);
  }
  this.rows.slice().sort(function (a, b) {
    var x = value(a), y = value(b);
    return x === y ? 0 : (x < y) === down ? 1 : -1;
  }).forEach(function (row) { body.appendChild(row); });
};

function startCoverage(map, tiles) {
  var data = JSON.parse(document.getElementById('coverage-data').textContent);
  var coverage = new CoverageMap(map, data, tiles);
  var table = new CoverageTable(coverage);
  document.querySelectorAll('#state input').forEach(function (input) {
    input.addEventListener('change', function () { coverage.setState(input.value); });
  });
  document.getElementById('whole').addEventListener('click', function () { coverage.showWhole(); });
  document.getElementById('print').addEventListener('click', function () { window.print(); });
  var before, legend = document.querySelector('details.legend'), home = legend.parentNode;
  window.addEventListener('beforeprint', function () {
    before = map.getBounds();
    document.body.classList.add('printing');
    map.options.zoomSnap = 0;
    legend.open = true;
    document.getElementById('paper-legend').appendChild(legend);
    map.invalidateSize({animate: false});
    map.fitBounds(before, {animate: false});
  });
  window.addEventListener('afterprint', function () {
    document.body.classList.remove('printing');
    map.options.zoomSnap = 0.25;
    home.appendChild(legend);
    map.invalidateSize({animate: false});
    if (before) map.fitBounds(before, {animate: false});
  });
  window.coverage = {map: map, data: data, view: coverage, table: table};
}
