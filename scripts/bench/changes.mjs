import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { loadAverage } from './costs.mjs';
import { medians } from './medians.mjs';
import { startProduct } from './servers/product.mjs';

const FILES = 5_000;
const FOLDERS = 50;
const LINES_PER_FILE = 40;
const LINES_OF_ONE = 200_000;
const VIEW = { width: 1440, height: 900 };
/** After the first diff is there, for what follows it. */
const SETTLED_MS = 1_500;

/** @type {Record<string, number>} */
const TARGETS = {
  'many files, main thread until shown, ms': 1_000,
  'many files, longest task, ms': 200,
  'many files, heap, MB': 100,
  'one file, main thread until shown, ms': 1_000,
  'one file, longest task, ms': 200,
  'one file, heap, MB': 100,
};

/**
 * Changes in a real Chromium: 5,000 files of 40 lines, and one file of 200,000 lines.
 * @param {import('./questions.mjs').Bench} bench
 */
export async function changes({ root, folder, rounds }) {
  const place = join(folder, 'changes');
  mkdirSync(place);
  const product = await startProduct(root, place, {}, { web: true });
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking', '--enable-precise-memory-info'],
  });
  try {
    const many = await product.api('sessions', {});
    for (let n = 0; n < FILES; n += 1) {
      const to = join(String(many['repo_path']), `folder-${n % FOLDERS}`);
      if (n < FOLDERS) mkdirSync(to);
      writeFileSync(join(to, `file-${n}.ts`), lines(LINES_PER_FILE, n));
    }
    const one = await product.api('sessions', {});
    writeFileSync(join(String(one['repo_path']), 'large.ts'), lines(LINES_OF_ONE, 0));
    // The first reading makes the checkpoint, which is the backend's work.
    for (const { session_id: id } of [many, one]) await product.api(`sessions/${id}/diff?limit=1`);
    const measured = [];
    for (let round = 0; round < rounds; round += 1) {
      const context = await browser.newContext({
        viewport: VIEW,
        extraHTTPHeaders: { authorization: String(product.headers[0]).replace('Authorization: ', '') },
      });
      const url = (/** @type {string | undefined} */ id) =>
        `http://localhost:${product.gateway.port}/sessions/${id}`;
      const files = await openChanges(await context.newPage(), url(many['session_id']), false);
      const large = await openChanges(await context.newPage(), url(one['session_id']), true);
      await context.close();
      measured.push({ ...named('many files', files), ...named('one file', large) });
    }
    const rows = Object.entries(medians(measured)).map(([what, number]) => ({
      what,
      measured: number,
      target: TARGETS[what],
      'load average': loadAverage(),
    }));
    const title = `Changes of ${FILES} files of ${LINES_PER_FILE} lines, and of one file of ${LINES_OF_ONE} lines`;
    return { title, rows };
  } finally {
    await browser.close();
    await product.stop();
  }
}

/** @param {number} count @param {number} file */
const lines = (count, file) =>
  Array.from({ length: count }, (_, n) => `export const value${file}of${n} = ${n};\n`).join('');

/** @param {string} of @param {Record<string, number>} numbers */
const named = (of, numbers) =>
  Object.fromEntries(Object.entries(numbers).map(([what, number]) => [`${of}, ${what}`, number]));

/**
 * Opens Changes on a page that shows the session already.
 * @param {import('playwright-core').Page} page
 * @param {string} url
 * @param {boolean} folded the diff waits for a click
 */
async function openChanges(page, url, folded) {
  await page.goto(`${url}?panel=closed`);
  await page.getByRole('textbox', { name: 'Prompt' }).waitFor();
  await delay(SETTLED_MS);
  const tasks = await page.evaluateHandle(`(() => {
    const tasks = { longest: 0 };
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) tasks.longest = Math.max(tasks.longest, duration);
    }).observe({ type: 'longtask' });
    return tasks;
  })()`);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const metric = async (/** @type {string} */ name) =>
    (await session.send('Performance.getMetrics')).metrics.find((one) => one.name === name)?.value ?? NaN;
  const before = await metric('TaskDuration');
  await page.evaluate(`history.pushState({}, '', location.pathname + '?panel=changes')`);
  const list = page.getByRole('region', { name: 'Changes, file by file' });
  await list.waitFor({ timeout: 60_000 });
  if (folded) await list.getByRole('button', { name: 'Load diff' }).click();
  await list.locator('[data-line]').first().waitFor({ timeout: 60_000 });
  await delay(SETTLED_MS);
  const after = await metric('TaskDuration');
  await session.send('HeapProfiler.collectGarbage');
  return {
    'main thread until shown, ms': (after - before) * 1_000,
    // The browser reports tasks from 50 ms.
    'longest task, ms': /** @type {number} */ (
      await page.evaluate((all) => all.longest, /** @type {any} */ (tasks))
    ),
    'heap, MB': (await metric('JSHeapUsedSize')) / 1e6,
  };
}
