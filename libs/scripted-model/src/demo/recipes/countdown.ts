import type { Recipe } from './recipe.js';

const COUNTDOWN_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width" />
    <title>Countdown</title>
    <link rel="stylesheet" href="style.css" />
  </head>
  <body>
    <main>
      <h1>Countdown</h1>
      <output id="left" aria-live="off">05:00</output>
      <form id="form">
        <label>Minutes <input id="minutes" type="number" min="1" max="599" value="5" required /></label>
        <button>Start</button>
        <button type="button" id="stop">Stop</button>
      </form>
    </main>
    <script src="countdown.js"></script>
  </body>
</html>
`;

const COUNTDOWN_STYLE = `body {
  display: grid;
  place-items: center;
  min-height: 100vh;
  margin: 0;
  font: 1.1rem system-ui, sans-serif;
  color: light-dark(#222, #eee);
  background: light-dark(#fff, #1b1b1f);
  color-scheme: light dark;
}
main {
  text-align: center;
}
output {
  display: block;
  margin: 1rem;
  font-size: 5rem;
  font-variant-numeric: tabular-nums;
}
input {
  width: 5rem;
  font: inherit;
}
button {
  font: inherit;
}
`;

const COUNTDOWN_SCRIPT = `// A plain script, not a module, so that the page also works when it is opened as a file.
/** 65000 ms -> 01:05. Begun seconds count, so the last one shown is 00:01. */
function format(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const pad = (n) => String(n).padStart(2, '0');
  return \`\${pad(Math.floor(seconds / 60))}:\${pad(seconds % 60)}\`;
}

function start(document) {
  const find = (id) => document.getElementById(id);
  let timer;
  const stop = () => clearInterval(timer);
  find('stop').addEventListener('click', stop);
  find('form').addEventListener('submit', (event) => {
    event.preventDefault();
    stop();
    // By the clock: the timers of a page in the background are late.
    const end = Date.now() + find('minutes').valueAsNumber * 60000;
    const tick = () => {
      const left = end - Date.now();
      find('left').textContent = left > 0 ? format(left) : 'Time is up';
      if (left <= 0) stop();
    };
    timer = setInterval(tick, 200);
    tick();
  });
}

if (typeof document === 'undefined') module.exports = { format };
else start(document);
`;

const COUNTDOWN_TEST = `const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { test } = require('node:test');
const { format } = require('./countdown.js');

test('shows minutes and seconds, and never less than nothing', () => {
  assert.equal(format(65000), '01:05');
  assert.equal(format(1), '00:01');
  assert.equal(format(-1), '00:00');
  assert.equal(format(599 * 60000), '599:00');
});

test('loads nothing from the network', () => {
  for (const file of ['index.html', 'style.css', 'countdown.js'])
    assert.doesNotMatch(readFileSync(join(__dirname, file), 'utf8'), /https?:/);
});
`;

export const COUNTDOWN_RECIPE: Recipe = {
  what: 'a countdown timer in one page',
  folder: 'countdown',
  code: { 'index.html': COUNTDOWN_PAGE, 'style.css': COUNTDOWN_STYLE, 'countdown.js': COUNTDOWN_SCRIPT },
  tests: { 'countdown.test.js': COUNTDOWN_TEST },
  use: 'Open `index.html` in a browser.',
};
