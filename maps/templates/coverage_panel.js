"use strict";
/* Controls on the map: zoom, north, scale, layers, legend. */

CoverageMap.prototype.addControls = function (tiles) {
  var map = this.map, self = this;
  L.control.zoom({position: 'topleft', zoomInTitle: this.text('zoom_in'), zoomOutTitle: this.text('zoom_out')}).addTo(map);
  northArrow(this.text('north')).addTo(map);
  var legend = L.control({position: 'bottomleft'});
  legend.onAdd = function () { return self.legend(); };
  legend.addTo(map);
  var credits = document.getElementById('credits').content.textContent;
  var attribution = L.control.attribution({prefix: false}).addTo(map);
  map.attributionControl = attribution;
  attribution.addAttribution(make('span', '', credits).outerHTML);
  L.control.scale({imperial: false, position: 'bottomright', maxWidth: 140}).addTo(map);
  this.addLayerControl(tiles);
};

CoverageMap.prototype.addLayerControl = function (tiles) {
  var self = this, map = this.map, overlays = {}, layers = this.layers;
  function entry(drawing, label) { return drawing + make('span', '', label).outerHTML; }
  function add(group, drawing, label) {
    if (group && group.getLayers().length) overlays[entry(drawing, label)] = group;
  }
  add(layers.sites, symbol('site', 'site', 16), this.text('layer_sites'));
  Object.keys(SYMBOLS).forEach(function (kind) {
    add(layers.kinds[kind], symbol(kind, 'confirmed', 15), self.text('layer_' + kind));
  });
  add(layers.kinds.clinic, symbol('health_centre', 'clinic', 15), this.text('layer_clinic'));
  ['peak', 'sub_centre', 'node', 'basic', 'other'].forEach(function (tier) {
    add(layers.tiers[tier], symbol('hospital', 'hospital_' + tier, 15), self.text('layer_tier', {tier: self.text('tier_' + tier)}));
  });
  add(layers.helipads, symbol('helipad', 'helipad', 15), this.text('layer_helipads'));
  add(layers.ports, symbol('port', 'port', 15), this.text('layer_ports'));
  Object.keys(layers.ferries).forEach(function (kind) {
    add(layers.ferries[kind], lineSymbol(kind), self.text('layer_ferries', {kind: layers.ferries[kind].title}));
  });
  ['roads', 'zones', 'cells'].forEach(function (key) { add(layers[key], '', self.text('layer_' + key)); });
  var control = L.control.layers(this.bases(tiles, entry), overlays, {position: 'topright', collapsed: true}).addTo(map);
  var box = control.getContainer(), toggle = box.querySelector('.leaflet-control-layers-toggle');
  toggle.title = this.text('layers');
  toggle.setAttribute('aria-label', this.text('layers'));
  box.addEventListener('keydown', function (event) {
    if (event.key === 'Escape') { control.collapse(); toggle.focus(); }
  });
};

CoverageMap.prototype.bases = function (tiles, entry) {
  var self = this, map = this.map, bases = {}, groups = [], plain = L.layerGroup();
  if (!tiles.length) return bases;
  tiles.forEach(function (tile) {
    if (tile.title) groups.push({title: tile.title, layers: []});
    groups[groups.length - 1].layers.push(tile.layer);
  });
  bases[entry('', this.text('base_islands'))] = plain;
  groups.forEach(function (group, i) {
    var layer = L.layerGroup(group.layers);
    bases[entry('', group.title)] = layer;
    group.layers.forEach(function (tile) { tile.remove(); });
    if (i === 0) layer.addTo(map);
  });
  map.on('baselayerchange', function (event) { self.shadeLand(event.layer === plain ? 1 : 0); });
  this.shadeLand(0);
  return bases;
};

/* Over map tiles the land is clear and the cells let the map show through. */
CoverageMap.prototype.shadeLand = function (opacity) {
  this.layers.islands.setStyle({fillOpacity: opacity});
  this.layers.cells.setStyle({fillOpacity: opacity || 0.65, weight: opacity ? 0.8 : 0});
};

function lineSymbol(kind) {
  var style = kind === 'stopped' ? {weight: 1.8, dashArray: '1 5'} : FERRY_STYLES[kind] || FERRY_STYLES.passenger;
  return '<svg viewBox="0 0 22 8" width="22" height="8" aria-hidden="true"><path d="M0 4h22" stroke="' +
    (kind === 'stopped' ? '#a0322f' : '#3a76b0') + '" stroke-width="' + (style.weight + 0.5) + '" stroke-dasharray="' + style.dashArray + '"/></svg>';
}

CoverageMap.prototype.legend = function () {
  var box = document.getElementById('legend').content.firstElementChild.cloneNode(true);
  var symbols = box.querySelector('.symbols'), self = this, seen = {};
  function add(drawing, label, name) {
    var item = make('span', name);
    item.innerHTML = drawing;
    item.appendChild(document.createTextNode(label));
    symbols.appendChild(item);
  }
  this.data.posts.forEach(function (post) { if (post.evidence !== 'clinic') seen[post.kind] = post.kind_text; });
  Object.keys(SYMBOLS).forEach(function (kind) { if (seen[kind]) add(symbol(kind, 'confirmed', 15), seen[kind]); });
  if (this.data.posts.length) {
    add(symbol('ambulance_station', 'confirmed', 15), this.text('filled'));
    add(symbol('ambulance_station', 'assumed', 15), this.text('hollow'));
  }
  if (this.data.sites.length) add(symbol('site', 'site', 15), this.text('site'));
  if (this.data.ferries.length) add(lineSymbol('car_ferry'), this.text('ferry'));
  if (this.data.zones.length) {
    add('<svg viewBox="0 0 22 8" width="22" height="8" aria-hidden="true"><path d="M0 4h22" stroke="#12355b" stroke-width="2.2" stroke-dasharray="6 3"/></svg>', this.text('urban'));
  }
  add(lineSymbol('stopped'), this.text('stopped'), 'onstop');
  add('<svg viewBox="0 0 15 15" width="15" height="15" aria-hidden="true"><path d="M.5.5h14v14H.5z" fill="#f7f4ec" stroke="#0a0a0a" stroke-width="1.5"/><path d="M1 9 9 1M1 14 14 1M6 14l8-8" stroke="#0a0a0a"/></svg>', this.text('cut_off'), 'oncut');
  L.DomEvent.disableClickPropagation(box);
  L.DomEvent.disableScrollPropagation(box);
  this.legendBox = box;
  return box;
};

/* Bands and the share of residents in each, for the view on show. */
CoverageMap.prototype.fillLegend = function () {
  var box = this.legendBox, body = box.querySelector('tbody'), shares = this.state().shares, view = this.current;
  box.querySelector('summary').textContent = this.text(view.kind === 'days' ? 'legend_days' : 'legend_minutes');
  body.replaceChildren();
  this.bands().forEach(function (band, n) {
    var row = make('tr'), label = make('td'), key = make('span', 'key' + (band.upper === null && view.kind === 'minutes' && n + 1 === shares.length ? ' blocked' : ''));
    key.style.backgroundColor = band.colour;
    label.appendChild(key);
    label.appendChild(document.createTextNode(band.label));
    row.appendChild(label);
    row.appendChild(make('td', 'number', shares[n]));
    body.appendChild(row);
  });
  box.querySelector('.onstop').classList.toggle('hidden', !view.ferries.length && !view.roads.length);
  box.querySelector('.oncut').classList.toggle('hidden', !this.cutOff.length);
};
