"use strict";
/* Ties edits, map and panel together, asks the server, saves the scenario. */

function startWhatIf() {
  var data = JSON.parse(document.getElementById('whatif-data').textContent), ui = data.ui;
  var edits = new Edits(data.shown, data.bounds, changed), map = new WhatIfMap(data, edits), panel = new Panel(map, edits);
  var aside = document.getElementById('panel'), asking = false, again = false, alarm = document.getElementById('alarm');

  function post(route, body) {
    return fetch(route, {
      method: 'POST', credentials: 'same-origin', body: JSON.stringify(body),
      headers: {'Content-Type': 'application/json', 'Accept-Language': data.lang}
    }).catch(function () { throw new Error(ui.no_server); }).then(function (reply) {
      if (reply.ok) return reply;
      return reply.json().catch(function () { return {faults: [ui.no_server]}; }).then(function (said) {
        var error = new Error(said.faults.join('\n'));
        error.refused = reply.status === 400;
        throw error;
      });
    });
  }

  /* One question at a time: while one is out, only the last of the later ones is asked. */
  function ask() {
    if (asking) { again = true; return; }
    asking = true;
    aside.setAttribute('aria-busy', 'true');
    var asked = JSON.stringify(edits.state);
    post('/answer', edits.request({})).then(function (reply) { return reply.json(); }).then(function (answer) {
      if (JSON.stringify(edits.state) !== asked) return;
      map.paint(answer);
      panel.show(answer);
      document.getElementById('said').textContent = panel.said(answer);
      document.body.dataset.answers = Number(document.body.dataset.answers || 0) + 1;
    }).catch(function (error) {
      alarmed(error.message);
      if (!error.refused || JSON.stringify(edits.state) !== asked) return;
      var tookBack = edits.refused();
      drawn();
      if (tookBack && !map.answer) again = true;
    }).finally(function () {
      asking = false;
      aside.setAttribute('aria-busy', 'false');
      if (again) { again = false; ask(); }
    });
  }

  function drawn() {
    map.drawPosts();
    map.styleLinks();
    panel.changes();
    document.getElementById('condition').value = edits.state.condition;
    document.querySelectorAll('input[name=light]').forEach(function (one) { one.checked = one.value === edits.state.daylight; });
  }

  function changed() {
    alarm.classList.add('hidden');
    map.stopWalk();
    drawn();
    ask();
  }

  function alarmed(text) {
    alarm.querySelector('p').textContent = text;
    alarm.classList.remove('hidden');
  }

  alarm.querySelector('button').addEventListener('click', function () { alarm.classList.add('hidden'); });
  document.getElementById('condition').addEventListener('change', function (event) {
    edits.change(function (state) { state.condition = event.target.value; });
  });
  document.getElementById('light').addEventListener('change', function (event) {
    edits.change(function (state) { state.daylight = event.target.value; });
  });
  document.getElementById('shade').addEventListener('change', function (event) {
    map.shade = event.target.value;
    if (map.answer) map.paint(map.answer);
  });
  document.getElementById('undo').addEventListener('click', function () { edits.undo(); });
  document.getElementById('redo').addEventListener('click', function () { edits.redo(); });
  document.getElementById('reset').addEventListener('click', function () { edits.reset(); });
  document.addEventListener('keydown', function (event) {
    if (!(event.ctrlKey || event.metaKey) || event.target.closest('input, select, dialog')) return;
    var key = event.key.toLowerCase();
    if (key === 'z' && !event.shiftKey) edits.undo();
    else if (key === 'y' || (key === 'z' && event.shiftKey)) edits.redo();
    else return;
    event.preventDefault();
  });
  wireSaving(post, edits, ui);
  map.wireAdding();
  drawn();
  ask();
  return {map: map, edits: edits, panel: panel};
}

function wireSaving(post, edits, ui) {
  var saver = document.getElementById('saver'), name = document.getElementById('save-name'), wrong = document.getElementById('save-wrong');
  document.getElementById('save').addEventListener('click', function () {
    wrong.classList.add('hidden');
    name.value = name.value || ui.scenario_name;
    saver.showModal();
    name.select();
  });
  document.getElementById('save-cancel').addEventListener('click', function () { saver.close(); });
  saver.querySelector('form').addEventListener('submit', function (event) {
    event.preventDefault();
    var head = {name: name.value.trim() || ui.scenario_name}, note = document.getElementById('save-note').value.trim();
    if (note) head.note = note;
    post('/scenario', edits.request(head)).then(function (reply) {
      var told = /filename\*=UTF-8''([^;]+)/.exec(reply.headers.get('Content-Disposition') || '');
      return reply.blob().then(function (file) { offer(file, told ? decodeURIComponent(told[1]) : 'scenario.toml'); });
    }).then(function () {
      saver.close();
      document.getElementById('said').textContent = ui.saved;
    }).catch(function (error) {
      wrong.textContent = error.message;
      wrong.classList.remove('hidden');
    });
  });
}

function offer(file, name) {
  var link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(function () { URL.revokeObjectURL(link.href); }, 10000);
}

var whatIf = startWhatIf();
