"use strict";
/* Tooltips and popups: what a place comes to, and why. */

/* Popups keep clear of the controls while the map is wide enough for that. */
CoverageMap.prototype.fitPopups = function () {
  var size = this.map.getSize(), left = this.legendBox.offsetWidth + 24;
  POPUP.maxHeight = Math.max(240, size.y - 130);
  POPUP.autoPanPaddingTopLeft = [Math.max(56, Math.min(left, size.x - POPUP.maxWidth - 110)), 14];
};

CoverageMap.prototype.accuracy = function (place) {
  return place.accuracy_m === null || place.accuracy_m === undefined
    ? '' : this.text('accuracy', {metres: this.count(place.accuracy_m)});
};

CoverageMap.prototype.explain = function (marker, title, lines) {
  var self = this;
  function stopped() { return marker.stopped ? self.text('post_stopped') : ''; }
  function card() {
    var box = make('div', 'card');
    box.appendChild(make('h3', '', title));
    if (stopped()) box.appendChild(make('p', 'missed', stopped()));
    lines.filter(Boolean).forEach(function (line) { box.appendChild(make('p', 'quiet', line)); });
    return box;
  }
  marker.bindTooltip(function () {
    return make('span', '', [title, lines[0], stopped()].filter(Boolean).join(' · '));
  }, {direction: 'top', offset: [0, -8]});
  marker.bindPopup(card, {maxWidth: 320});
};

CoverageMap.prototype.lines2 = function (title, line) {
  var box = make('div');
  box.appendChild(make('b', '', title));
  box.appendChild(make('div', '', line));
  return box;
};

CoverageMap.prototype.ferryTip = function (ferry, stopped) {
  var facts = [stopped ? this.text('ferry_stopped') : '', ferry.kind_text];
  if (ferry.duration !== null) facts.push(this.minutes(ferry.duration));
  if (ferry.departures !== null) facts.push(this.text('departures', {n: ferry.departures}));
  facts.push(ferry.status);
  return this.lines2(ferry.name, facts.filter(Boolean).join(' · '));
};

CoverageMap.prototype.roadTip = function (road, stopped) {
  return this.lines2(road.name, [road.structure, stopped ? this.text('road_stopped') : ''].filter(Boolean).join(' · '));
};

CoverageMap.prototype.cellTip = function (i) {
  var names = this.data.names, line = this.said(this.value(i)), vehicle = this.state().vehicle;
  if (vehicle && this.value(i) !== null) line += ' · ' + names[vehicle[i]];
  return this.lines2(names[this.data.cells.title[i]], line);
};

CoverageMap.prototype.islandTip = function (island) {
  var row = this.row(island.id), name = island.name || this.text('unnamed');
  return row === undefined ? make('span', '', name) : make('span', '', name + ': ' + this.said(this.worth(row)));
};

CoverageMap.prototype.judged = function (minutes, target) {
  if (target === null || this.current.kind === 'days') return make('span');
  var met = minutes !== null && minutes <= target;
  var text = (met ? '✓ ' : '✗ ') + this.text(met ? 'within' : 'beyond', {target: target});
  return make('span', met ? 'met' : 'missed', text);
};

CoverageMap.prototype.stateLabel = function () {
  var label = this.data.views.length > 1 ? this.current.label : '';
  return [label, this.isAfter ? this.text('after') : ''].filter(Boolean).join(' · ');
};

CoverageMap.prototype.figure = function (value, target) {
  var head = make('p');
  head.appendChild(make('span', 'big', this.said(value)));
  head.appendChild(document.createTextNode('  '));
  head.appendChild(this.judged(value, target));
  return head;
};

CoverageMap.prototype.cellCard = function (i) {
  var columns = this.data.cells, names = this.data.names, box = make('div', 'card'), view = this.current;
  var main = view === this.data.views[this.data.shown], value = this.value(i);
  box.appendChild(make('h3', '', names[columns.title[i]]));
  var township = columns.township[i] === null ? '' : this.data.townships[columns.township[i]].name;
  box.appendChild(make('p', 'quiet', [township, names[columns.zone[i]], this.people(columns.people[i])].filter(Boolean).join(' · ')));
  if (this.stateLabel()) box.appendChild(make('p', 'which', this.stateLabel()));
  box.appendChild(this.figure(value, columns.target[i]));
  if (this.isAfter) box.appendChild(make('p', 'quiet', this.text('today', {minutes: this.minutes(view.values[i])})));
  var state = this.state(), posts = state.post || (main && !this.isAfter ? columns.post : null);
  if (state.vehicle && value !== null) {
    var post = posts ? names[posts[i]] : '';
    box.appendChild(make('p', '', post ? this.text('best', {vehicle: names[state.vehicle[i]], post: post})
      : this.text('best_vehicle', {vehicle: names[state.vehicle[i]]})));
  }
  if (main && !this.isAfter && view.values[i] !== null) box.appendChild(this.legsTable(i));
  if (main && !this.isAfter && columns.second[i] !== null) {
    box.appendChild(make('p', 'quiet', this.text('second', {
      vehicle: names[columns.second_vehicle[i]], post: names[columns.second_post[i]],
      minutes: this.minutes(columns.second[i])
    })));
  }
  if (!this.isAfter && view.after) {
    box.appendChild(make('p', '', this.text('then', {minutes: this.minutes(view.after.values[i])})));
  }
  this.addConditions(box, function (other) { return other.values[i]; }, function (other) {
    return other.vehicle && other.values[i] !== null ? names[other.vehicle[i]] : '';
  });
  return box;
};

CoverageMap.prototype.legsTable = function (i) {
  var self = this, names = this.data.names, table = make('table'), body = make('tbody');
  this.data.cells.legs[i].forEach(function (number) {
    var leg = self.data.legs[number], row = make('tr'), what = make('td', 'part'), where = make('td', 'quiet');
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
  sum.appendChild(make('th', '', this.text('total'))).scope = 'row';
  sum.appendChild(make('td'));
  sum.appendChild(make('td', 'number', this.minutes(this.current.values[i])));
  foot.appendChild(sum);
  table.appendChild(foot);
  return table;
};

/* Every condition beside every light, and the year, today or after: nothing where there is one view.
   `value` and `vehicle` read a view or its state after the proposal. */
CoverageMap.prototype.addConditions = function (box, value, vehicle) {
  var self = this, after = this.isAfter, names = [], lights = [];
  function state(view) { return after ? view.after : view; }
  var views = this.data.views.filter(state), states = views.filter(function (view) { return view.light; });
  if (states.length < 2) return;
  states.forEach(function (view) {
    if (names.indexOf(view.name) < 0) names.push(view.name);
    if (lights.indexOf(view.light) < 0) lights.push(view.light);
  });
  var table = make('table', 'conditions'), head = make('tr'), top = make('thead'), body = make('tbody');
  head.appendChild(make('th', '', this.text('condition'))).scope = 'col';
  lights.forEach(function (light) { head.appendChild(make('th', '', light)).scope = 'col'; });
  top.appendChild(head);
  names.forEach(function (name) {
    var row = make('tr');
    row.appendChild(make('th', '', name)).scope = 'row';
    lights.forEach(function (light) {
      var view = states.find(function (v) { return v.name === name && v.light === light; }), cell = make('td');
      if (view) self.fillCondition(cell, view, value(state(view)), vehicle(state(view)));
      row.appendChild(cell);
    });
    body.appendChild(row);
  });
  table.appendChild(top);
  table.appendChild(body);
  box.appendChild(table);
  var year = views.filter(function (view) { return !view.light; }).map(function (view) {
    var own = value(state(view));
    return view.name + ': ' + (view.kind !== 'days' ? self.minutes(own) : own === null ? '–' : self.text('n_days', {n: own.toFixed(1)}));
  });
  year.forEach(function (line) { box.appendChild(make('p', 'quiet', line)); });
};

CoverageMap.prototype.fillCondition = function (cell, view, minutes, vehicle) {
  var band = minutes === null ? this.data.bands[this.data.bands.length - 1]
    : this.data.bands.find(function (b) { return b.upper === null || minutes <= b.upper; });
  var chip = make('span', 'chip', minutes === null ? this.text('none') : this.number(minutes));
  chip.style.background = band.colour;
  chip.style.color = band.ink;
  cell.appendChild(chip);
  if (vehicle) cell.appendChild(make('small', '', vehicle));
  if (view === this.current) cell.className = 'now';
};

CoverageMap.prototype.islandCard = function (island) {
  var box = make('div', 'card'), row = this.row(island.id), names = this.data.names, self = this;
  box.appendChild(make('h3', '', island.name || this.text('unnamed')));
  box.appendChild(make('p', 'quiet', [island.county, island.county === undefined ? '' : this.people(island.people)].filter(Boolean).join(' · ')));
  if (row === undefined) {
    box.appendChild(make('p', 'quiet', this.text('no_demand')));
    return box;
  }
  if (this.stateLabel()) box.appendChild(make('p', 'which', this.stateLabel()));
  box.appendChild(make('p', 'big', this.said(this.worth(row))));
  if (this.worth(row) !== null && this.current.kind === 'minutes') box.appendChild(make('p', 'quiet', this.text('island_mean')));
  if (row[3] && row[0] !== null) box.appendChild(make('p', 'missed', this.text('left_out', {people: this.people(row[3])})));
  if (row.length > 1 && this.worth(row) !== null && this.state().vehicle) {
    box.appendChild(make('p', '', names[row[2]] ? this.text('best', {vehicle: names[row[1]], post: names[row[2]]})
      : this.text('best_vehicle', {vehicle: names[row[1]]})));
  } else if (row.length > 1 && !this.current.vehicle) box.appendChild(make('p', '', names[row[1]]));
  var then = this.current.after && !this.isAfter ? this.current.after.islands[island.id] : undefined;
  if (then) box.appendChild(make('p', '', this.text('then', {minutes: this.minutes(this.worth(then))})));
  if (this.isAfter) box.appendChild(make('p', 'quiet', this.text('today', {minutes: this.minutes(this.worth(this.current.islands[island.id]))})));
  this.addConditions(box, function (view) { return self.worth(view.islands[island.id]); }, function (view) {
    var own = view.islands[island.id];
    return own && own.length > 1 && own[0] !== null ? names[own[1]] : '';
  });
  return box;
};

CoverageMap.prototype.townshipCard = function (township) {
  var box = make('div', 'card'), main = this.data.views[this.data.shown];
  box.appendChild(make('h3', '', township.name));
  box.appendChild(make('p', 'quiet', [township.county, this.people(township.people)].filter(Boolean).join(' · ')));
  if (this.data.views.length > 1) box.appendChild(make('p', 'which', main.label));
  box.appendChild(make('p', 'big', this.minutes(township.mean)));
  box.appendChild(make('p', 'quiet', this.text('township_mean', {p90: this.minutes(township.p90)})));
  return box;
};
