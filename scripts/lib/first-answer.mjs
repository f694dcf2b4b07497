import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

// In the page: the moment at which an answer is on it, parsed and ready to be painted.
const NOTE_ANSWER = `
  new MutationObserver((_, observer) => {
    if (!document.querySelector('.markdown > :not(.whitespace-pre-wrap)')) return;
    observer.disconnect();
    requestAnimationFrame(() => { document.documentElement.dataset.answeredAt = performance.now(); });
  }).observe(document, { childList: true, subtree: true });
`;
// What the page loads later, after half a second (steps) or 4 seconds (leisure), is left out. On a slow machine it would come
// before the answer.
const WITHOUT_LATER = `
  const start = setTimeout;
  window.setTimeout = (callback, ms, ...rest) => (ms >= 500 ? 0 : start(callback, ms, ...rest));
`;
const SCRIPTS_BEFORE = `performance.getEntriesByType('resource')
  .filter(({ name, startTime }) => startTime < document.documentElement.dataset.answeredAt && new URL(name).pathname.endsWith('.js'))
  .map(({ name }) => new URL(name).pathname)`;

/**
 * Opens a session and waits for its first answer.
 * @param {import('playwright-core').Page} page one that has nothing in its cache
 * @param {string} url of the session
 * @param {string} built the folder of the built web app
 * @returns {Promise<{ milliseconds: number, bytes: number }>} since the navigation; of all JavaScript that was loaded by
 *   then, with that of the workers, compressed with gzip
 */
export async function openToFirstAnswer(page, url, built) {
  await page.addInitScript(WITHOUT_LATER + NOTE_ANSWER);
  await page.goto(url);
  const answered = page.locator('html[data-answered-at]');
  await answered.waitFor({ state: 'attached' });
  const milliseconds = Number(await answered.getAttribute('data-answered-at'));
  /** @type {string[]} */
  const scripts = await page.evaluate(SCRIPTS_BEFORE);
  const workers = readdirSync(join(built, 'assets')).filter((name) => /\.worker-[^/]+\.js$/.test(name));
  const files = new Set([...scripts, ...workers.map((name) => `/assets/${name}`)]);
  const sizes = [...files].map((file) => gzipSync(readFileSync(join(built, file))).length);
  return { milliseconds, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}
