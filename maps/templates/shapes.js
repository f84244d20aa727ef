"use strict";
/* Decoding of the data block's geometry, and the symbols of the map. */

function decodeSteps(steps) {
  var points = [], x = 0, y = 0;
  for (var i = 0; i < steps.length; i += 2) {
    x += steps[i];
    y += steps[i + 1];
    points.push([y / 1e5, x / 1e5]);
  }
  return points;
}

function decodeShape(shape) {
  return shape.map(function (polygon) { return polygon.map(decodeSteps); });
}

/* Whether minutes keep a bound, but for the rounding of a sum: as verdicts are made. */
var ROUNDING_MIN = 1e-6;
function keeps(minutes, bound) { return minutes <= bound + ROUNDING_MIN; }

/* One decimal, or as many up to `most` as it takes to stand on its side of every bound; where those
   do not do, one step of the last of them further: in two decimals 11.004 is 11.01. */
function sided(minutes, bounds, most) {
  var text, crossed;
  function crosses(bound) { return keeps(minutes, bound) !== (Number(text) <= bound); }
  for (var digits = 1; digits <= most; digits++) {
    text = minutes.toFixed(digits);
    crossed = bounds.filter(crosses);
    if (!crossed.length) return text;
  }
  return (Number(text) + (keeps(minutes, crossed[0]) ? -1 : 1) / Math.pow(10, most)).toFixed(most);
}

/* Upper bounds of the classes of colour that have one. */
function uppers(bands) {
  return bands.map(function (band) { return band.upper; }).filter(function (upper) { return upper !== null; });
}

/* Builds an element with a class and text; data reaches the page through textContent alone. */
function make(tag, name, text) {
  var element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined && text !== null) element.textContent = text;
  return element;
}

var SYMBOLS = {
  ambulance_station: ['<circle cx="10" cy="10" r="8"/>', '<path d="M8.4 5.5h3.2v2.9h2.9v3.2h-2.9v2.9H8.4v-2.9H5.5V8.4h2.9z"/>'],
  hospital: ['<rect x="2.5" y="2.5" width="15" height="15" rx="2"/>', '<path d="M6 5.5h2.3v3.3h3.4V5.5H14v9h-2.3v-3.6H8.3v3.6H6z"/>'],
  health_centre: ['<path d="M10 1.5 18.5 10 10 18.5 1.5 10z"/>', '<path d="M9 6.5h2V9h2.5v2H11v2.5H9V11H6.5V9H9z"/>'],
  boat_base: ['<path d="M1.5 4.5h17L10 18.5z"/>', '<path d="M5.5 6.5h9l-1.6 2.6H7.1z"/>'],
  air_base: ['<path d="M18.5 16.5h-17L10 2z"/>', '<path d="M9.1 8h1.8v6.8H9.1zM6.6 10.5h6.8v1.6H6.6z"/>'],
  helipad: ['<circle cx="10" cy="10" r="7.5"/>', '<path d="M7 6h1.7v3.1h2.6V6H13v8h-1.7v-3.3H8.7V14H7z"/>'],
  port: ['<circle cx="10" cy="10" r="5"/>', '<circle cx="10" cy="10" r="1.6"/>'],
  site: ['<path d="M10 .8l2.8 5.9 6.4.9-4.6 4.5 1.1 6.4L10 15.4l-5.7 3.1 1.1-6.4L.8 7.6l6.4-.9z"/>', ''],
  other: ['<circle cx="10" cy="10" r="6"/>', '']
};
var STYLES = {
  confirmed: ['#12355b', '#12355b', '#fff'],
  assumed: ['#fff', '#12355b', '#12355b'],
  clinic: ['#fff', '#7b8794', '#7b8794'],
  helipad: ['#fff', '#7a4b00', '#7a4b00'],
  planned: ['#fff', '#b9a583', '#b9a583'],
  hospital_peak: ['#7d2a4d', '#7d2a4d', '#fff'],
  hospital_sub_centre: ['#fff', '#7d2a4d', '#7d2a4d'],
  hospital_node: ['#fff', '#a5829a', '#a5829a'],
  hospital_basic: ['#fff', '#a3abb4', '#a3abb4'],
  hospital_other: ['#fff', '#7b8794', '#7b8794'],
  port: ['#fff', '#2b6ca3', '#2b6ca3'],
  site: ['#ffd21f', '#000', '#000']
};

/* Markup of one symbol: fixed drawings only, nothing from data gets in. */
function symbol(kind, style, size) {
  var drawing = SYMBOLS[kind] || SYMBOLS.other, colours = STYLES[style] || STYLES.assumed;
  return '<svg viewBox="0 0 20 20" width="' + size + '" height="' + size + '" aria-hidden="true">' +
    '<g fill="' + colours[0] + '" stroke="' + colours[1] + '" stroke-width="1.6" stroke-linejoin="round">' + drawing[0] + '</g>' +
    '<g fill="' + colours[2] + '">' + drawing[1] + '</g></svg>';
}

function markAt(at, kind, style, label, size) {
  var icon = L.divIcon({className: 'mark', html: symbol(kind, style, size || 20), iconSize: null});
  var marker = L.marker(at, {icon: icon, riseOnHover: true});
  marker.on('add', function () {
    var element = marker.getElement();
    element.setAttribute('aria-label', label);
    element.setAttribute('role', 'button');
    marker.fade();
  });
  /* Pale where `stopped` is set: nobody starts from there. */
  marker.fade = function () {
    if (marker.getElement()) marker.getElement().classList.toggle('stopped', Boolean(marker.stopped));
  };
  return marker;
}

/* The arrow that says where north is, as a control of the map. */
function northArrow(label) {
  var north = L.control({position: 'topleft'});
  north.onAdd = function () {
    var box = make('div', 'north');
    box.setAttribute('role', 'img');
    box.setAttribute('aria-label', label);
    box.innerHTML = '<svg viewBox="0 0 20 26" width="22" height="28" aria-hidden="true"><path d="M10 1l7 23-7-5-7 5z" fill="#1d2733" stroke="#fff"/></svg>';
    box.appendChild(make('div', '', 'N'));
    return box;
  };
  return north;
}
