"use strict";
/* The table beside the map: worst first in every view, by mouse and by keys. */

function CoverageTable(coverage) {
  var self = this;
  this.coverage = coverage;
  this.table = document.getElementById('islands');
  this.body = this.table.tBodies[0];
  this.rows = Array.prototype.slice.call(this.body.rows);
  this.key = 'value';
  this.down = true;
  this.body.addEventListener('click', function (event) {
    var row = event.target.closest('tr');
    if (row) self.choose(row);
  });
  this.body.addEventListener('keydown', function (event) { self.move(event); });
  this.body.addEventListener('focusin', function (event) { self.rove(event.target.closest('tr')); });
  this.table.querySelectorAll('[data-sort]').forEach(function (button) {
    button.addEventListener('click', function () { self.order(button.dataset.sort); });
  });
}

CoverageTable.prototype.choose = function (row) {
  this.rows.forEach(function (other) {
    other.classList.toggle('chosen', other === row);
    var button = other.querySelector('button');
    if (other === row) button.setAttribute('aria-current', 'true'); else button.removeAttribute('aria-current');
  });
  this.coverage.focusIsland(row.dataset.id);
  this.returnTo = row.querySelector('button');
};

/* One row takes part in the order of focus; arrows go from row to row, Enter is a click. */
CoverageTable.prototype.rove = function (row) {
  this.rows.forEach(function (other) { other.querySelector('button').tabIndex = other === row ? 0 : -1; });
};

CoverageTable.prototype.move = function (event) {
  var shown = Array.prototype.filter.call(this.body.rows, function (row) { return !row.classList.contains('hidden'); });
  var place = shown.indexOf(event.target.closest('tr'));
  var next = {ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: shown.length - 1, PageDown: place + 10, PageUp: place - 10}[event.key];
  if (next === undefined) return;
  event.preventDefault();
  next = Math.max(0, Math.min(shown.length - 1, next));
  shown[next].querySelector('button').focus();
};

/* Fills every row with what the view says of its island, then sorts. */
CoverageTable.prototype.fill = function () {
  var view = this.coverage, names = view.data.names, days = view.current.kind === 'days', self = this;
  this.rows.forEach(function (row) {
    var found = view.row(row.dataset.id), worth = view.worth(found), band = view.band(worth);
    var chip = row.querySelector('.chip'), why = row.querySelector('.why');
    chip.textContent = days ? (worth === null ? '–' : worth.toFixed(1)) : worth === null ? view.text('none') : view.number(worth);
    chip.style.background = band.colour;
    chip.style.color = band.ink;
    row.dataset.value = worth === null ? '' : String(worth);
    self.why(why, found, row.dataset.id, names);
  });
  document.getElementById('value-head').textContent = view.text(days ? 'column_days' : 'column_mean');
  document.getElementById('value-head').nextElementSibling.textContent = view.text(days ? 'column_days' : 'column_mean');
  document.getElementById('note-head').textContent = view.text(view.isAfter ? 'column_today' : view.current.vehicle ? 'column_best' : 'column_year');
  this.sort();
};

CoverageTable.prototype.why = function (cell, found, id, names) {
  var view = this.coverage, first = cell.querySelector('span'), second = cell.querySelector('small');
  if (view.isAfter) {
    first.textContent = view.minutes(view.worth(view.current.islands[id]));
    second.textContent = '';
  } else if (!found || found.length < 2) {
    first.textContent = second.textContent = '';
  } else {
    first.textContent = found[0] === null && view.current.vehicle ? view.text('unreachable') : names[found[1]];
    var partly = found[3] > 0 && found[0] !== null;
    second.textContent = partly ? view.text('left_out', {people: view.people(found[3])}) : names[found[2]];
    second.classList.toggle('missed', partly);
  }
};

CoverageTable.prototype.order = function (key) {
  this.down = key === this.key ? !this.down : true;
  this.key = key;
  this.sort();
};

/* Unreachable counts as slowest and unknown as fewest, so neither hides in the middle. */
CoverageTable.prototype.sort = function () {
  var key = this.key, down = this.down, body = this.body, infinite = this.coverage.current.kind === 'days' ? -1 : Infinity;
  this.table.querySelectorAll('[data-sort]').forEach(function (button) {
    var head = button.closest('th');
    if (button.dataset.sort === key) head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    else head.removeAttribute('aria-sort');
  });
  function worth(row, name) {
    var text = row.dataset[name];
    return text === '' || text === undefined ? (name === 'value' ? infinite : -1) : Number(text);
  }
  this.rows.slice().sort(function (a, b) {
    var x = worth(a, key), y = worth(b, key);
    if (x !== y) return (x < y) === down ? 1 : -1;
    return worth(b, 'people') - worth(a, 'people');
  }).forEach(function (row, n) {
    row.querySelector('.rank').textContent = n + 1;
    body.appendChild(row);
  });
  this.firstStop();
};

CoverageTable.prototype.firstStop = function () {
  var first = Array.prototype.find.call(this.body.rows, function (row) { return !row.classList.contains('hidden'); });
  if (first) this.rove(first);
};

/* Keeps the rows that match; returns how many. */
CoverageTable.prototype.keep = function (matches) {
  var shown = 0;
  this.rows.forEach(function (row) {
    var hit = matches(row.dataset.names + ' ' + row.dataset.search, row.dataset.initials);
    row.classList.toggle('hidden', !hit);
    if (hit) shown += 1;
  });
  document.getElementById('none-found').classList.toggle('hidden', shown > 0);
  this.firstStop();
  return shown;
};
