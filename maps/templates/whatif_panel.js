"use strict";
/* The panel: verdicts before and now, who gains and loses, the changes, the islands. */

function Panel(map, edits) {
  this.map = map;
  this.edits = edits;
  this.data = map.data;
  this.order = 'worst';
  this.wireChooser();
}

Panel.prototype.text = function (key, values) { return this.map.text(key, values); };

Panel.prototype.show = function (answer) {
  var self = this;
  ['main_urban', 'rural'].forEach(function (zone) { self.zone(zone, answer.zones[zone]); });
  this.people(answer.people);
  this.islands(answer.islands);
};

Panel.prototype.verdict = function (stats) {
  if (stats.target_met === null || stats.target_met === undefined) return {mark: '–', text: this.text('not_judged'), name: ''};
  if (stats.target_met) return {mark: '✓', text: this.text('met'), name: 'met'};
  return {mark: '✗', text: this.text(stats.target_met_reason === 'cut_off' ? 'missed_cut_off' : 'missed'), name: 'missed'};
};

/* On its side of the target, with as many decimals as in reports. */
Panel.prototype.mean = function (stats) {
  return stats.mean_min === null ? '–' : sided(stats.mean_min, [stats.target_min], 3);
};

Panel.prototype.zone = function (zone, stats) {
  var box = document.getElementById('zone-' + zone), was = stats.before, now = stats.now;
  var moved = was.mean_min !== null && now.mean_min !== null && Math.abs(was.mean_min - now.mean_min) >= 0.005;
  var before = this.verdict(was), after = this.verdict(now), judged = box.querySelector('.judged');
  box.classList.toggle('moved', moved || before.name !== after.name);
  box.querySelector('.was').textContent = this.mean(was);
  box.querySelector('.now').textContent = this.mean(now);
  judged.className = 'judged ' + after.name;
  judged.textContent = after.mark + ' ' + after.text;
  if (before.name !== after.name) judged.textContent = this.text('verdict_changed', {was: before.text, now: judged.textContent});
  box.querySelector('.goal').textContent = this.text('goal', {target: now.target_min});
  var list = box.querySelector('ul'), self = this;
  list.replaceChildren();
  function row(key, name, write) {
    var a = was[name], b = now[name], text = write(b);
    list.appendChild(make('li', '', self.text(key, {value: write(a) === text ? text : write(a) + ' → ' + text})));
  }
  row('share', 'share_within_target', function (v) { return v === null ? '–' : (100 * v).toFixed(1) + '%'; });
  row('p90', 'p90_min', function (v) { return self.map.minutes(v); });
  if (was.unreachable_population || now.unreachable_population) {
    row('unreached', 'unreachable_population', function (v) { return self.map.count(v); });
    list.lastChild.className = 'missed';
  }
};

Panel.prototype.people = function (people) {
  var box = document.getElementById('people'), self = this;
  box.replaceChildren();
  ['faster', 'slower', 'newly_reached', 'cut_off'].forEach(function (kind) {
    if (!people[kind] && (kind === 'newly_reached' || kind === 'cut_off')) return;
    var part = make('span', 'count ' + kind);
    part.appendChild(make('b', '', self.map.count(people[kind])));
    part.appendChild(document.createTextNode(' ' + self.text('people_' + kind)));
    box.appendChild(part);
  });
};

Panel.prototype.change = function (row) {
  if (row.before_min === null || row.now_min === null) return row.before_min === row.now_min ? 0 : row.now_min === null ? -1e6 : 1e6;
  return row.gained_min === null ? 0 : row.gained_min;
};

Panel.prototype.islands = function (rows) {
  var self = this, body = document.querySelector('#islands tbody');
  this.rows = rows;
  if (this.order === 'change') {
    rows = rows.filter(function (row) { return Math.abs(self.change(row)) >= 0.05; });
    rows.sort(function (a, b) { return Math.abs(self.change(b)) - Math.abs(self.change(a)); });
  }
  body.replaceChildren();
  rows.forEach(function (row) { body.appendChild(self.island(row)); });
  if (!rows.length) {
    var empty = make('tr'), cell = make('td', 'empty', this.text('nobody'));
    cell.colSpan = 5;
    empty.appendChild(cell);
    body.appendChild(empty);
  }
};

Panel.prototype.island = function (row) {
  var self = this, map = this.map, line = make('tr'), name = make('td'), known = map.islands[row.island_id];
  var button = make('button', '', (known && known.name) || (this.data.lang === 'zh' ? row.name_zh : row.name_en) || this.text('unnamed'));
  button.type = 'button';
  button.addEventListener('click', function () { if (known) map.map.fitBounds(known.bounds.pad(0.6), {maxZoom: 13, animate: false}); });
  name.appendChild(button);
  line.appendChild(name);
  line.appendChild(make('td', 'number', map.count(row.population)));
  line.appendChild(make('td', 'number quiet', row.before_min === null ? '–' : map.number(row.before_min)));
  var now = make('td', 'number'), band = map.band(row.now_min), chip = make('span', 'chip', row.now_min === null ? '–' : map.number(row.now_min));
  chip.style.background = band.colour;
  chip.style.color = band.ink;
  now.appendChild(chip);
  var change = this.change(row);
  if (Math.abs(change) >= 0.05) {
    var said = Math.abs(change) >= 1e6 ? this.text(change > 0 ? 'newly_reached' : 'cut_off') : map.signed(-change);
    now.appendChild(make('small', change > 0 ? 'faster' : 'slower', said));
  }
  line.appendChild(now);
  var why = make('td', 'why');
  if (row.vehicle) {
    why.appendChild(make('span', '', this.data.vehicles[row.vehicle]));
    why.appendChild(make('small', '', map.postName(row.post_id) || (self.data.lang === 'zh' ? row.post_zh : row.post_en)));
  }
  line.appendChild(why);
  return line;
};

/* The list of changes, each with a way back. */
Panel.prototype.changes = function () {
  var self = this, edits = this.edits, state = edits.state, list = document.getElementById('changes'), posts = {};
  this.data.posts.forEach(function (post) { posts[post.id] = post.name; });
  list.replaceChildren();
  function add(text, back) {
    var item = make('li'), button = make('button', 'back', '×');
    item.appendChild(make('span', '', text));
    button.type = 'button';
    button.setAttribute('aria-label', self.text('take_back', {change: text}));
    button.title = self.text('take_back', {change: text});
    button.addEventListener('click', back);
    item.appendChild(button);
    list.appendChild(item);
  }
  state.add.forEach(function (one) {
    add(self.text('did_add', {post: self.data.lang === 'zh' ? one.zh : one.en, vehicle: self.map.means(one.vehicle)}), function () { edits.removePost(one.id); });
  });
  Object.keys(state.move).forEach(function (id) { add(self.text('did_move', {post: posts[id] || id}), function () { edits.restorePost(id); }); });
  Object.keys(state.remove).forEach(function (id) { add(self.text('did_remove', {post: posts[id] || id}), function () { edits.restorePost(id); }); });
  [['close', 'did_close'], ['open', 'did_open']].forEach(function (pair) {
    Object.keys(state[pair[0]]).forEach(function (id) {
      var link = self.map.links[id];
      add(self.text(pair[1], {link: link ? link.name : id}), function () { if (link) edits.turnLink(link); });
    });
  });
  var count = edits.count();
  document.getElementById('changes-count').textContent = count ? '(' + count + ')' : '';
  document.getElementById('no-changes').classList.toggle('hidden', count > 0);
  document.getElementById('undo').disabled = !edits.past.length;
  document.getElementById('redo').disabled = !edits.future.length;
  document.getElementById('reset').disabled = !count;
  this.fillChooser();
};

/* Everything that can be changed without the map. */
Panel.prototype.fillChooser = function () {
  var self = this, select = document.getElementById('what'), chosen = select.value;
  select.replaceChildren(new Option(this.text('choose_one'), ''));
  function group(label, entries) {
    if (!entries.length) return;
    var box = document.createElement('optgroup');
    box.label = label;
    entries.forEach(function (entry) { box.appendChild(new Option(entry[1], entry[0])); });
    select.appendChild(box);
  }
  var posts = this.map.posts || {};
  group(this.text('group_posts'), Object.keys(posts).filter(function (id) { return !posts[id].small; }).map(function (id) {
    return ['post:' + id, posts[id].name + ' · ' + posts[id].facts[0]];
  }));
  ['ferry', 'bridge', 'tunnel', 'causeway', 'road'].forEach(function (what) {
    group(self.text('link_' + what), Object.keys(self.map.links).filter(function (id) { return self.map.links[id].what === what; }).map(function (id) {
      return ['link:' + id, self.map.links[id].name + ' (' + self.map.linkState(self.map.links[id]) + ')'];
    }));
  });
  select.value = chosen;
  if (select.selectedIndex < 0) select.value = '';
  this.fillDeeds();
};

Panel.prototype.fillDeeds = function () {
  var self = this, map = this.map, box = document.getElementById('deeds'), value = document.getElementById('what').value;
  var kind = value.slice(0, 4), id = value.slice(5);
  box.replaceChildren();
  if (kind === 'post' && map.posts[id]) {
    var post = map.posts[id];
    if (!post.gone) box.appendChild(this.coordinates(post));
    map.postDeeds(post).forEach(function (button) { box.appendChild(button); });
  } else if (kind === 'link' && map.links[id]) {
    var link = map.links[id];
    box.appendChild(map.deed(this.text(this.edits.isOpen(link) ? 'close_link' : 'open_link'), function () { self.edits.turnLink(link); }));
    box.appendChild(map.deed(this.text('show'), function () { map.map.fitBounds(link.line.getBounds().pad(0.8), {maxZoom: 13, animate: false}); }, 'quiet'));
  }
};

Panel.prototype.coordinates = function (post) {
  var self = this, box = make('div', 'coordinates'), fields = [['lat', 0, 90], ['lon', 1, 180]].map(function (one) {
    var label = make('label', '', self.text(one[0])), field = document.createElement('input');
    field.type = 'number';
    field.step = 'any';
    field.min = -one[2];
    field.max = one[2];
    field.value = post.at[one[1]];
    label.appendChild(field);
    box.appendChild(label);
    return field;
  });
  box.appendChild(this.map.deed(this.text('move_here'), function () {
    var at = fields.map(function (field) { return field.value === '' ? NaN : Number(field.value); });
    if (fields.every(function (field, i) { return field.checkValidity() && isFinite(at[i]); })) self.edits.movePost(post.id, at);
    else (fields.find(function (field, i) { return !field.checkValidity() || !isFinite(at[i]); }) || fields[0]).reportValidity();
  }));
  return box;
};

Panel.prototype.wireChooser = function () {
  var self = this;
  document.getElementById('what').addEventListener('change', function () { self.fillDeeds(); });
  document.getElementById('chooser').addEventListener('submit', function (event) { event.preventDefault(); });
  document.getElementById('order').addEventListener('change', function (event) {
    self.order = event.target.value;
    if (self.map.answer) self.islands(self.map.answer.islands.slice());
  });
};

/* One sentence for a screen reader. */
Panel.prototype.said = function (answer) {
  var self = this;
  return ['main_urban', 'rural'].map(function (zone) {
    var stats = answer.zones[zone];
    return self.text('said_zone', {zone: self.data.zone_names[zone], was: self.mean(stats.before), now: self.mean(stats.now), verdict: self.verdict(stats.now).text});
  }).join(' ');
};
