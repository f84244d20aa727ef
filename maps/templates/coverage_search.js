"use strict";
/* Search by island or township, in Chinese, pinyin or its first letters. */

var HITS_SHOWN = 8;

function CoverageSearch(coverage, table) {
  var self = this;
  this.coverage = coverage;
  this.table = table;
  this.input = document.getElementById('find');
  this.list = document.getElementById('hits');
  this.places = table.rows.map(function (row) {
    return {name: row.querySelector('button').textContent, of: coverage.text('an_island'), search: row.dataset.names,
            initials: row.dataset.initials, go: function () { table.choose(row); }};
  }).concat(coverage.data.townships.map(function (township, n) {
    return {name: township.name, of: coverage.text('a_township'), search: township.search, initials: township.initials,
            go: function () { coverage.focusTownship(n); }};
  }));
  this.active = -1;
  this.input.addEventListener('input', function () { self.look(); });
  this.input.addEventListener('focus', function () { if (self.input.value.trim()) self.look(); });
  this.input.addEventListener('blur', function () { self.close(); });
  this.input.addEventListener('keydown', function (event) { self.key(event); });
  this.list.addEventListener('pointerdown', function (event) {
    var item = event.target.closest('li');
    event.preventDefault();
    if (item) self.go(Number(item.dataset.hit));
  });
}

function matcher(words) {
  var wanted = words.trim().toLowerCase(), bare = wanted.replace(/[\s'’-]+/g, '');
  return function (search, initials) {
    return search.indexOf(wanted) >= 0 || search.indexOf(bare) >= 0 ||
      initials.split(' ').some(function (letters) { return letters.indexOf(bare) === 0; });
  };
}

CoverageSearch.prototype.look = function () {
  var words = this.input.value, matches = matcher(words), shown = this.table.keep(matches), self = this;
  this.hits = words.trim() ? this.places.filter(function (place) { return matches(place.search, place.initials); }) : [];
  var wanted = words.trim().toLowerCase();
  function begins(place) { return place.search.indexOf(wanted) === 0 || place.search.indexOf(' ' + wanted) >= 0 ? 1 : 0; }
  this.hits.sort(function (a, b) { return begins(b) - begins(a); });
  this.hits = this.hits.slice(0, HITS_SHOWN);
  this.active = -1;
  this.list.replaceChildren();
  this.hits.forEach(function (place, n) {
    var item = make('li', '', place.name);
    item.id = 'hit' + n;
    item.dataset.hit = n;
    item.setAttribute('role', 'option');
    item.setAttribute('aria-selected', 'false');
    item.appendChild(make('small', '', place.of));
    self.list.appendChild(item);
  });
  this.open(this.hits.length > 0);
  if (words.trim()) this.coverage.tell(this.coverage.text('found', {n: this.hits.length, rows: shown}));
};

CoverageSearch.prototype.open = function (on) {
  this.list.classList.toggle('hidden', !on);
  this.input.setAttribute('aria-expanded', String(on));
  if (!on) this.input.removeAttribute('aria-activedescendant');
};

CoverageSearch.prototype.close = function () { this.open(false); };

CoverageSearch.prototype.mark = function (n) {
  this.active = (n + this.hits.length) % this.hits.length;
  Array.prototype.forEach.call(this.list.children, function (item, place) {
    item.setAttribute('aria-selected', String(place === this.active));
  }, this);
  this.input.setAttribute('aria-activedescendant', 'hit' + this.active);
};

CoverageSearch.prototype.key = function (event) {
  var open = this.input.getAttribute('aria-expanded') === 'true';
  if (event.key === 'Escape') {
    event.preventDefault();
    if (open) { this.close(); return; }
    this.input.value = '';
    this.look();
  } else if (open && event.key === 'ArrowDown') {
    event.preventDefault();
    this.mark(this.active + 1);
  } else if (open && event.key === 'ArrowUp') {
    event.preventDefault();
    this.mark(this.active < 0 ? this.hits.length - 1 : this.active - 1);
  } else if (event.key === 'Enter' && this.hits && this.hits.length) {
    event.preventDefault();
    this.go(Math.max(0, this.active));
  }
};

CoverageSearch.prototype.go = function (n) {
  this.close();
  this.table.returnTo = this.input;
  this.hits[n].go();
  this.table.returnTo = this.input;
};
