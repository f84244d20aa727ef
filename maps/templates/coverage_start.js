"use strict";
/* Ties the map, the selectors, the table and the printer together. */

CoverageMap.prototype.tell = function (text) { document.getElementById('said').textContent = text; };

function CoveragePage(coverage, table) {
  var self = this;
  this.coverage = coverage;
  this.table = table;
  this.chooser = document.getElementById('view');
  this.inputs = Array.prototype.slice.call(document.querySelectorAll('#state input'));
  if (this.chooser) this.chooser.addEventListener('change', function () { self.change(); });
  this.inputs.forEach(function (input) { input.addEventListener('change', function () { self.change(); }); });
  document.getElementById('whole').addEventListener('click', function () { coverage.showWhole(); });
  document.getElementById('print').addEventListener('click', function () { window.print(); });
  var notice = document.querySelector('.notice');
  if (notice && window.innerHeight < 900) notice.open = false;
  new ResizeObserver(function () {
    if (document.body.classList.contains('printing')) return;
    coverage.map.invalidateSize({animate: false});
    coverage.fitPopups();
  }).observe(coverage.map.getContainer());
  coverage.map.on('popupclose', function () { self.back(); });
  this.update();
}

CoveragePage.prototype.change = function () {
  var after = this.inputs.some(function (input) { return input.checked && input.value === 'after'; });
  this.coverage.show(this.chooser ? Number(this.chooser.value) : this.coverage.data.shown, after);
  this.coverage.afterZoom();
  this.update();
  this.coverage.tell(this.coverage.state().said);
};

CoveragePage.prototype.update = function () {
  var view = this.coverage.current, number = this.coverage.data.views.indexOf(view), after = this.coverage.isAfter;
  document.querySelectorAll('[data-view]').forEach(function (element) {
    var mine = Number(element.dataset.view) === number;
    var state = element.dataset.after === undefined || (element.dataset.after === '1') === after;
    element.classList.toggle('hidden', !(mine && state));
  });
  document.getElementById('setting').textContent = view.setting;
  this.inputs.forEach(function (input) {
    if (input.value !== 'after') { input.checked = !after; return; }
    input.checked = after;
    input.disabled = !view.after;
    input.parentNode.title = view.after ? '' : this.coverage.text('no_after');
  }, this);
  this.table.fill();
};

/* A closed popup gives the focus back to where it was opened from, if it held the focus. */
CoveragePage.prototype.back = function () {
  var to = this.table.returnTo;
  this.table.returnTo = null;
  if (to && document.activeElement === document.body) to.focus({preventScroll: true});
};

/* On paper: the map at its printed size, drawn twice as fine, with legend and notices in full. */
function printing(coverage) {
  var map = coverage.map, legend = coverage.legendBox, home = legend.parentNode, notice = document.querySelector('.notice');
  var before, was, fine = L.Browser.retina;
  window.addEventListener('beforeprint', function () {
    before = map.getBounds();
    was = {notice: notice && notice.open, legend: legend.open};
    map.closePopup();
    document.body.classList.add('printing');
    map.options.zoomSnap = 0;
    legend.open = true;
    if (notice) notice.open = true;
    document.getElementById('paper-legend').appendChild(legend);
    L.Browser.retina = true;
    map.invalidateSize({animate: false});
    map.fitBounds(before, {animate: false});
  });
  window.addEventListener('afterprint', function () {
    if (!before) return;
    document.body.classList.remove('printing');
    L.Browser.retina = fine;
    map.options.zoomSnap = 0.25;
    legend.open = was.legend;
    if (notice) notice.open = was.notice;
    home.appendChild(legend);
    map.invalidateSize({animate: false});
    map.fitBounds(before, {animate: false});
  });
}

function startCoverage(map, tiles) {
  var data = JSON.parse(document.getElementById('coverage-data').textContent);
  var coverage = new CoverageMap(map, data, tiles), table = new CoverageTable(coverage);
  var page = new CoveragePage(coverage, table);
  var search = new CoverageSearch(coverage, table);
  document.addEventListener('keydown', function (event) {
    if (event.key !== 'Escape' || event.defaultPrevented || !map._popup || !map._popup.isOpen()) return;
    map.closePopup();
  });
  printing(coverage);
  window.coverage = {map: map, data: data, view: coverage, table: table, page: page, search: search};
}
