"use strict";
/* Shows the token to the server in a body, never in an address. */
(function () {
  var form = document.getElementById('door'), field = document.getElementById('token');
  function enter(token) {
    fetch('/enter', {
      method: 'POST', credentials: 'same-origin', body: JSON.stringify({token: token}),
      headers: {'Content-Type': 'application/json', 'Accept-Language': document.documentElement.lang}
    }).then(function (reply) {
      return reply.ok ? location.reload() : reply.json().then(function (said) { throw new Error(said.faults.join(' ')); });
    }).catch(function (error) { document.getElementById('wrong').textContent = error.message; });
  }
  form.addEventListener('submit', function (event) {
    event.preventDefault();
    enter(field.value.trim());
  });
  var given = location.hash.slice(1);
  if (given) {
    history.replaceState(null, '', location.pathname);
    enter(given);
  }
})();
