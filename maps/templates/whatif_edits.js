"use strict";
/* What the planner has changed: one state after another, to be undone and done again. */

var STORE = 'island-response-whatif';

function Edits(shown, region, told) {
  this.told = told;
  this.past = [];
  this.future = [];
  this.state = {condition: shown.condition, daylight: shown.daylight, add: [], move: {}, remove: {}, close: {}, open: {}};
  this.first = JSON.stringify([region, this.state]);
  this.recall();
}

/* A reload, or the other language, keeps the work. */
Edits.prototype.recall = function () {
  try {
    var kept = JSON.parse(sessionStorage.getItem(STORE) || 'null');
    if (kept && kept.first === this.first) {
      this.state = kept.state;
      this.past = kept.past;
      this.future = kept.future;
    }
  } catch (error) { sessionStorage.removeItem(STORE); }
};

Edits.prototype.keep = function () {
  var kept = {first: this.first, state: this.state, past: this.past.slice(-50), future: this.future.slice(-50)};
  try { sessionStorage.setItem(STORE, JSON.stringify(kept)); } catch (error) { /* full or refused: only a reload loses */ }
};

/* Changes a copy of the state by `deed`; nothing happens where it stays the same. */
Edits.prototype.change = function (deed) {
  var before = JSON.stringify(this.state), next = JSON.parse(before);
  deed(next);
  if (JSON.stringify(next) === before) return;
  this.past.push(before);
  this.future = [];
  this.state = next;
  this.keep();
  this.told();
};

Edits.prototype.undo = function () { this.step(this.past, this.future); };
Edits.prototype.redo = function () { this.step(this.future, this.past); };

Edits.prototype.step = function (from, to) {
  if (!from.length) return;
  to.push(JSON.stringify(this.state));
  this.state = JSON.parse(from.pop());
  this.keep();
  this.told();
};

/* Takes back what the server refused, as if it had not been; where nothing is left to take back, all
   of it. Returns whether there was anything. */
Edits.prototype.refused = function () {
  var before = JSON.stringify(this.state);
  this.state = this.past.length ? JSON.parse(this.past.pop()) : JSON.parse(this.first)[1];
  this.keep();
  return JSON.stringify(this.state) !== before;
};

Edits.prototype.reset = function () {
  this.change(function (state) {
    state.add = []; state.move = {}; state.remove = {}; state.close = {}; state.open = {};
  });
};

Edits.prototype.count = function () {
  var s = this.state;
  return s.add.length + [s.move, s.remove, s.close, s.open].reduce(function (n, table) {
    return n + Object.keys(table).length;
  }, 0);
};

/* A new post or helipad takes the next number that none of `taken` has. */
Edits.prototype.addPost = function (vehicle, at, names, taken) {
  this.change(function (state) {
    var n = 1;
    function used(one) { return one.id === 'whatif-' + n; }
    while (state.add.some(used) || taken['whatif-' + n]) n += 1;
    state.add.push({id: 'whatif-' + n, vehicle: vehicle, at: at, zh: names.zh + ' ' + n, en: names.en + ' ' + n});
  });
};

Edits.prototype.movePost = function (id, at) {
  this.change(function (state) {
    var mine = state.add.find(function (one) { return one.id === id; });
    if (mine) mine.at = at; else state.move[id] = at;
  });
};

Edits.prototype.removePost = function (id) {
  this.change(function (state) {
    var mine = state.add.findIndex(function (one) { return one.id === id; });
    if (mine >= 0) { state.add.splice(mine, 1); return; }
    delete state.move[id];
    state.remove[id] = true;
  });
};

Edits.prototype.restorePost = function (id) {
  this.change(function (state) { delete state.remove[id]; delete state.move[id]; });
};

/* A link that is open today may be closed, and the other way round. */
Edits.prototype.turnLink = function (link) {
  this.change(function (state) {
    var table = link.open ? state.close : state.open;
    if (table[link.id]) delete table[link.id]; else table[link.id] = true;
  });
};

Edits.prototype.isOpen = function (link) {
  return link.open ? !this.state.close[link.id] : Boolean(this.state.open[link.id]);
};

/* The request: the form of a scenario file. */
Edits.prototype.request = function (head) {
  var s = this.state, kinds = {ambulance: 'ambulance_station', boat: 'boat_base', helicopter: 'air_base'};
  function ids(table, key) {
    return Object.keys(table).map(function (id) { var entry = {}; entry[key] = id; return entry; });
  }
  function added(key, pads) {
    return s.add.filter(function (one) { return (one.vehicle === 'helipad') === pads; }).map(function (one) {
      var entry = {name_zh: one.zh, name_en: one.en, lon: one.at[1], lat: one.at[0]};
      entry[key] = one.id;
      return pads ? entry : Object.assign(entry, {vehicles: [one.vehicle], kind: kinds[one.vehicle]});
    });
  }
  return Object.assign({}, head, {
    condition: {name: s.condition, daylight: s.daylight},
    post: {
      add: added('post_id', false),
      move: Object.keys(s.move).map(function (id) { return {post_id: id, lon: s.move[id][1], lat: s.move[id][0]}; }),
      remove: ids(s.remove, 'post_id')
    },
    helipad: {add: added('helipad_id', true)},
    link: {close: ids(s.close, 'link_id'), open: ids(s.open, 'link_id')}
  });
};
