/* The map of itineraries: islands below, the legs of the chosen one above. */

var LEG_STYLES = {
  road: {color: '#b3261e', weight: 4}, ferry: {color: '#2b6ca3', weight: 4, dashArray: '2 7'},
  boat: {color: '#12355b', weight: 4}, flight: {color: '#7a4b00', weight: 4, dashArray: '10 7'}
};
var PLACE_SYMBOLS = {scene: ['site', 'site'], hospital: ['hospital', 'confirmed'], post: ['ambulance_station', 'assumed']};

function RouteMap(map, data) {
  this.map = map;
  this.data = data;
  this.groups = {};
  this.drawIslands();
  this.drawLegs();
  this.drawPlaces();
  this.listen();
  this.choose(data.first);
}

RouteMap.prototype.drawIslands = function () {
  var map = this.map;
  this.data.islands.forEach(function (island) {
    var layer = L.polygon(decodeShape(island.shape), {color: '#8d99a6', weight: 0.8, fillColor: '#f7f4ec', fillOpacity: 1});
    layer.bindTooltip(function () { return make('span', '', island.name); }, {sticky: true});
    layer.addTo(map);
  });
};

RouteMap.prototype.drawLegs = function () {
  var self = this;
  this.data.legs.forEach(function (leg) {
    var group = self.groups[leg.itinerary] || (self.groups[leg.itinerary] = L.featureGroup());
    var line = L.polyline(decodeSteps(leg.line), LEG_STYLES[leg.kind] || LEG_STYLES.road);
    line.bindTooltip(function () { return make('span', '', leg.label); }, {sticky: true});
    group.addLayer(line);
  });
};

RouteMap.prototype.drawPlaces = function () {
  var map = this.map;
  this.data.places.forEach(function (place) {
    var kind = PLACE_SYMBOLS[place.what] || PLACE_SYMBOLS.post;
    var marker = markAt([place.at[1], place.at[0]], kind[0], kind[1], place.name, place.what === 'scene' ? 26 : 20);
    marker.bindTooltip(function () { return make('span', '', place.name); });
    marker.addTo(map);
  });
};

/* What the lines and marks mean: only those that this patient's itineraries have. */
RouteMap.prototype.legend = function () {
  var box = make('div', 'legend'), data = this.data;
  function add(drawing, label) {
    var item = make('span');
    item.innerHTML = drawing;
    item.appendChild(document.createTextNode(label));
    box.appendChild(item);
  }
  Object.keys(PLACE_SYMBOLS).forEach(function (what) {
    if (!data.places.some(function (place) { return place.what === what; })) return;
    add(symbol(PLACE_SYMBOLS[what][0], PLACE_SYMBOLS[what][1], 15), data.ui[what]);
  });
  Object.keys(LEG_STYLES).forEach(function (kind) {
    if (!data.legs.some(function (leg) { return leg.kind === kind; })) return;
    var style = LEG_STYLES[kind];
    add('<svg viewBox="0 0 26 8" width="26" height="8" aria-hidden="true"><path d="M0 4h26" stroke="' + style.color +
      '" stroke-width="' + style.weight + '" stroke-dasharray="' + (style.dashArray || 'none') + '"/></svg>', data.ui[kind]);
  });
  var control = L.control({position: 'topright'});
  control.onAdd = function () { return box; };
  return control;
};

RouteMap.prototype.listen = function () {
  var self = this;
  document.querySelectorAll('input[name=itinerary]').forEach(function (input) {
    input.addEventListener('change', function () { self.choose(Number(input.value)); });
  });
  document.getElementById('print').addEventListener('click', function () { window.print(); });
};

RouteMap.prototype.choose = function (number) {
  var self = this;
  Object.keys(this.groups).forEach(function (key) { self.map.removeLayer(self.groups[key]); });
  document.querySelectorAll('.itinerary').forEach(function (section) {
    var mine = Number(section.dataset.itinerary) === number;
    section.classList.toggle('chosen', mine);
    section.classList.toggle('passed', !mine);
  });
  var bounds = L.latLngBounds(this.data.places.map(function (p) { return [p.at[1], p.at[0]]; }));
  if (this.groups[number]) bounds.extend(this.groups[number].addTo(this.map).getBounds());
  this.map.fitBounds(bounds, {animate: false, padding: [34, 34], maxZoom: 14});
};

function startRoute() {
  var data = JSON.parse(document.getElementById('route-data').textContent);
  var map = L.map('map', {attributionControl: false, minZoom: 6, maxZoom: 17, zoomSnap: 0.25, preferCanvas: true});
  map.setView([data.centre[1], data.centre[0]], 10);
  northArrow(data.ui.north).addTo(map);
  L.control.scale({imperial: false}).addTo(map);
  L.control.attribution({position: 'bottomright', prefix: false}).addAttribution(data.ui.credits).addTo(map);
  var shown = new RouteMap(map, data);
  shown.legend().addTo(map);
  return shown;
}

startRoute();
