"use strict";
/* Posts on the map: dragged with the mouse, walked with the arrow keys, added by a click. */

var STEP_KM = 0.25, KINDS = {ambulance: 'ambulance_station', boat: 'boat_base', helicopter: 'air_base', helipad: 'helipad'};

/* Brings the markers in line with the edits. */
WhatIfMap.prototype.drawPosts = function () {
  var self = this, state = this.edits.state, wanted = {};
  this.posts = this.posts || {};
  this.data.posts.forEach(function (post) {
    wanted[post.id] = {id: post.id, name: post.name, kind: post.kind, style: post.evidence, facts: [post.kind_text, post.evidence_text, post.vehicles],
      at: state.move[post.id] || post.at, changed: Boolean(state.move[post.id]), gone: Boolean(state.remove[post.id]), small: post.evidence === 'clinic'};
  });
  state.add.forEach(function (one) {
    wanted[one.id] = {id: one.id, name: self.data.lang === 'zh' ? one.zh : one.en, kind: KINDS[one.vehicle], style: 'site', facts: [self.text('new_post'), self.means(one.vehicle)],
      at: one.at, changed: true, gone: false, small: false, added: true};
  });
  Object.keys(this.posts).forEach(function (id) {
    if (!wanted[id]) { self.posts[id].marker.remove(); delete self.posts[id]; }
  });
  Object.keys(wanted).forEach(function (id) {
    var post = wanted[id], old = self.posts[id];
    post.marker = old ? old.marker : self.mark(post);
    self.posts[id] = post;
    post.marker.setLatLng(post.at);
    var element = post.marker.getElement();
    element.classList.toggle('changed', post.changed);
    element.classList.toggle('gone', post.gone);
    element.setAttribute('aria-label', self.label(post));
    if (post.marker.dragging) post.marker.dragging[post.gone || post.small ? 'disable' : 'enable']();
  });
  this.placeNames();
};

/* What a new post sends; a helipad sends nothing and is landed on. */
WhatIfMap.prototype.means = function (vehicle) { return this.data.vehicles[vehicle] || this.text('helipad'); };

WhatIfMap.prototype.label = function (post) {
  var state = post.gone ? this.text('removed') : post.changed && !post.added ? this.text('moved') : '';
  return [post.name, post.facts[0], state].filter(Boolean).join(', ');
};

WhatIfMap.prototype.mark = function (post) {
  var self = this, icon = L.divIcon({className: post.small ? 'mark clinic' : 'mark', html: symbol(post.kind, post.style, post.small ? 13 : post.added ? 24 : 21), iconSize: null});
  var marker = L.marker(post.at, {icon: icon, draggable: !post.small, riseOnHover: true, autoPan: true, keyboard: true, zIndexOffset: post.small ? -200 : post.added ? 400 : 0});
  marker.addTo(this.map);
  var element = marker.getElement();
  element.setAttribute('role', 'button');
  marker.bindTooltip(function () { return self.postTip(self.posts[post.id]); }, {direction: 'top', offset: [0, -10]});
  marker.bindPopup(function () { return self.postCard(self.posts[post.id]); }, POPUP);
  marker.on('dragstart', function () { marker.closePopup(); marker.closeTooltip(); });
  marker.on('dragend', function () { self.drop(post.id, marker.getLatLng()); });
  element.addEventListener('keydown', function (event) { self.keyOnPost(post.id, event); });
  return marker;
};

WhatIfMap.prototype.drop = function (id, at) {
  this.edits.movePost(id, [Number(at.lat.toFixed(5)), Number(at.lng.toFixed(5))]);
};

WhatIfMap.prototype.postTip = function (post) {
  var box = make('div');
  box.appendChild(make('strong', '', post.name));
  post.facts.filter(Boolean).forEach(function (fact) { box.appendChild(make('div', 'quiet', fact)); });
  if (!post.gone && !post.small) box.appendChild(make('div', 'quiet', this.text('drag_me')));
  return box;
};

WhatIfMap.prototype.postCard = function (post) {
  var box = make('div', 'card');
  box.appendChild(make('h3', '', post.name));
  post.facts.filter(Boolean).forEach(function (fact) { box.appendChild(make('p', 'quiet', fact)); });
  this.postDeeds(post).forEach(function (button) { box.appendChild(button); });
  return box;
};

WhatIfMap.prototype.postDeeds = function (post) {
  var self = this, map = this.map, found = [];
  function offer(key, act) {
    found.push(self.deed(self.text(key), function () { map.closePopup(); act(); }));
  }
  if (post.small) return [make('p', 'quiet', this.text('clinic_fixed'))];
  if (!post.gone) {
    offer('walk', function () { self.walk(post.id); });
    offer('remove_post', function () { self.edits.removePost(post.id); });
  }
  if (!post.added && (post.gone || post.changed)) offer('restore', function () { self.edits.restorePost(post.id); });
  return found;
};

/* Moving with the keyboard: arrows walk, Enter drops, Escape goes back. */
WhatIfMap.prototype.walk = function (id) {
  var post = this.posts[id], element = post.marker.getElement();
  this.stopWalk();
  this.map.panInside(post.marker.getLatLng(), {padding: [120, 120], animate: false});
  this.walking = {id: id, from: post.marker.getLatLng()};
  element.classList.add('walking');
  element.focus();
  this.hint(this.text('walk_hint', {post: post.name}));
};

WhatIfMap.prototype.stopWalk = function () {
  if (!this.walking) return;
  var post = this.posts[this.walking.id];
  if (post) post.marker.getElement().classList.remove('walking');
  this.walking = null;
  this.hint('');
};

WhatIfMap.prototype.keyOnPost = function (id, event) {
  var steps = {ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]}, post = this.posts[id];
  if (!this.walking || this.walking.id !== id) {
    if (event.key === 'm' || event.key === 'M') { if (!post.small && !post.gone) this.walk(id); event.preventDefault(); }
    if (event.key === 'Delete' && !post.small && !post.gone) { this.edits.removePost(id); event.preventDefault(); }
    return;
  }
  if (steps[event.key]) {
    var km = STEP_KM * (event.shiftKey ? 10 : 1), at = post.marker.getLatLng(), step = steps[event.key];
    var next = L.latLng(at.lat + step[0] * km / 111.2, at.lng + step[1] * km / (111.2 * Math.cos(at.lat * Math.PI / 180)));
    post.marker.setLatLng(next);
    this.map.panInside(next, {padding: [60, 60], animate: false});
  } else if (event.key === 'Enter' || event.key === ' ') {
    this.stopWalk();
    this.drop(id, post.marker.getLatLng());
  } else if (event.key === 'Escape') {
    post.marker.setLatLng(this.walking.from);
    this.stopWalk();
  } else return;
  event.preventDefault();
  event.stopPropagation();
};

/* Adding: a click on the map, or Enter for its middle. */
WhatIfMap.prototype.startAdding = function (vehicle) {
  var same = this.adding === vehicle;
  this.stopAdding();
  this.stopWalk();
  if (same) return;
  this.adding = vehicle;
  document.querySelector('[data-add=' + vehicle + ']').setAttribute('aria-pressed', 'true');
  this.map.getContainer().classList.add('aiming');
  this.hint(this.text('add_hint'));
  this.map.getContainer().focus();
};

WhatIfMap.prototype.stopAdding = function () {
  this.adding = null;
  document.querySelectorAll('[data-add]').forEach(function (button) { button.setAttribute('aria-pressed', 'false'); });
  this.map.getContainer().classList.remove('aiming');
  this.hint('');
};

WhatIfMap.prototype.place = function (at) {
  var vehicle = this.adding, taken = {};
  if (!vehicle) return;
  this.stopAdding();
  this.data.posts.concat(this.data.helipads).forEach(function (one) { taken[one.id] = true; });
  var names = {zh: this.text('name_zh_' + vehicle), en: this.text('name_en_' + vehicle)};
  this.edits.addPost(vehicle, [Number(at.lat.toFixed(5)), Number(at.lng.toFixed(5))], names, taken);
};

WhatIfMap.prototype.hint = function (text) {
  var box = document.getElementById('hint');
  box.textContent = text;
  box.classList.toggle('hidden', !text);
};

WhatIfMap.prototype.wireAdding = function () {
  var self = this, box = this.map.getContainer();
  document.querySelectorAll('[data-add]').forEach(function (button) {
    button.querySelector('.drawing').innerHTML = symbol(KINDS[button.dataset.add], 'site', 18);
    button.addEventListener('click', function () { self.startAdding(button.dataset.add); });
  });
  /* Before links and markers get it: while aiming a click only places. */
  box.addEventListener('click', function (event) {
    if (!self.adding || event.target.closest('.leaflet-control')) return;
    event.stopPropagation();
    self.place(self.map.mouseEventToLatLng(event));
  }, true);
  box.addEventListener('keydown', function (event) {
    if (!self.adding) return;
    if (event.key === 'Enter' && event.target === box) { self.place(self.map.getCenter()); event.preventDefault(); }
    if (event.key === 'Escape') { self.stopAdding(); event.preventDefault(); }
  });
};
