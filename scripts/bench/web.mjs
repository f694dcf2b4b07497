import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { openToFirstAnswer } from '../lib/first-answer.mjs';
import { loadAverage } from './costs.mjs';
import { longRun } from './long-run.mjs';
import { medians } from './medians.mjs';
import { openRuns } from './runs.mjs';
import { startProduct } from './servers/product.mjs';

const COMMANDS = 4_800;
const EVENTS_PER_SECOND = 50;
const SECONDS = 10;
/** Of a step of the work, in pixels. */
const STEP_HEIGHT = 28;
const VIEW = { width: 1440, height: 900 };

/** @type {Record<string, number>} */
const TARGETS = {
  'opens to its answer, ms': 1_000,
  'JavaScript of the first load, KB (gzip)': 250,
  'frames/s, scrolling the open work': 60,
  'longest frame there, ms': 50,
  'heap with the open work, MB': 100,
  'frames/s at 50 events/s': 60,
  'longest task at 50 events/s, ms': 50,
  'heap at 50 events/s, MB': 100,
};

/**
 * A session page in a real Chromium, with a run of 10,000 events (4,800 commands): ended, and in progress.
 * @param {import('./questions.mjs').Bench} bench
 */
export async function web({ root, folder, rounds }) {
  const place = join(folder, 'web');
  mkdirSync(place);
  const product = await startProduct(root, place, {}, { web: true });
  const runs = await openRuns(product);
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking', '--enable-precise-memory-info'],
  });
  try {
    const run = await runs.add();
    const log = longRun({ run, session: runs.sessionId, tenant: runs.tenantId });
    await runs.publish(run, [...log.started(), ...log.steps(COMMANDS), ...log.ended()]);
    const live = await openRuns(product);
    const growing = await live.add();
    const open = longRun({ run: growing, session: live.sessionId, tenant: live.tenantId });
    await live.publish(growing, [...open.started(), ...open.steps(COMMANDS)]);
    const publish = () => live.publish(growing, open.step());
    const visit = async () => {
      const context = await browser.newContext({
        viewport: VIEW,
        extraHTTPHeaders: { authorization: String(product.headers[0]).replace('Authorization: ', '') },
      });
      return { page: await context.newPage(), context };
    };
    const url = (/** @type {string} */ session) =>
      `http://localhost:${product.gateway.port}/sessions/${session}`;
    const measured = [];
    for (let round = 0; round < rounds; round++) {
      const first = await visit();
      const { milliseconds, bytes } = await openToFirstAnswer(
        first.page,
        url(runs.sessionId),
        join(root, 'apps/web/dist'),
      );
      const ended = await scrollOpenWork(first.page);
      await first.context.close();
      const second = await visit();
      const streaming = await watchGrow(second.page, url(live.sessionId), publish);
      await second.context.close();
      measured.push({
        'opens to its answer, ms': milliseconds,
        'JavaScript of the first load, KB (gzip)': bytes / 1_000,
        ...ended,
        ...streaming,
      });
    }
    await live.stop();
    const rows = Object.entries(medians(measured)).map(([what, number]) => ({
      what,
      measured: number,
      target: TARGETS[what],
      'load average': loadAverage(),
    }));
    return { title: `A session page with a run of 10,000 events (${COMMANDS} commands)`, rows };
  } finally {
    await browser.close();
    await runs.stop();
    await product.stop();
  }
}

/** @typedef {import('playwright-core').Page} Page */

/** Opens the work of the ended run and turns the wheel over it. @param {Page} page */
async function scrollOpenWork(page) {
  await page.getByRole('button', { name: /^Worked/ }).click();
  // The earlier pages of the history come while the page is idle.
  const list = page.getByRole('region', { name: 'Conversation' });
  while ((await list.evaluate(({ scrollHeight }) => scrollHeight)) < COMMANDS * STEP_HEIGHT) await delay(100);
  await page.mouse.move(VIEW.width / 2, VIEW.height / 2);
  const stop = await countFrames(page);
  const until = performance.now() + 5_000;
  while (performance.now() < until) {
    await page.mouse.wheel(0, -400);
    await delay(16);
  }
  const { frames, longest } = await stop();
  return {
    'frames/s, scrolling the open work': frames,
    'longest frame there, ms': longest,
    'heap with the open work, MB': await heap(page),
  };
}

/**
 * Watches a run that already is long and goes on.
 * @param {Page} page
 * @param {string} url
 * @param {() => Promise<void>} publish a step, of two events and a bit
 */
async function watchGrow(page, url, publish) {
  // No runner executes it, so its row says that it has ended.
  await page.route(/\/api\/sessions\/[^/]+\/runs/, async (route) => {
    const answer = await route.fetch();
    const body = /** @type {{ items: object[] }} */ (await answer.json());
    body.items = body.items.map((item) => ({ ...item, status: 'running', ended_at: null }));
    await route.fulfill({ response: answer, json: body });
  });
  await page.goto(url);
  await page.getByRole('button', { name: 'Stop' }).waitFor();
  await delay(3_000);
  const tasks = await page.evaluateHandle(`(() => {
    const tasks = { longest: 0 };
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) tasks.longest = Math.max(tasks.longest, duration);
    }).observe({ type: 'longtask' });
    return tasks;
  })()`);
  const stop = await countFrames(page);
  for (let sent = 0; sent < SECONDS * EVENTS_PER_SECOND; sent += 2) {
    await publish();
    await delay(2_000 / EVENTS_PER_SECOND);
  }
  const { frames } = await stop();
  return {
    'frames/s at 50 events/s': frames,
    // The browser reports tasks from 50 ms.
    'longest task at 50 events/s, ms': /** @type {number} */ (
      await page.evaluate((all) => all.longest, /** @type {any} */ (tasks))
    ),
    'heap at 50 events/s, MB': await heap(page),
  };
}

/** @param {Page} page @returns {Promise<() => Promise<{ frames: number, longest: number }>>} frames per second, and ms */
async function countFrames(page) {
  const counter = await page.evaluateHandle(`(() => {
    const counter = { from: performance.now(), last: performance.now(), frames: 0, longest: 0, on: true };
    const frame = (now) => {
      counter.frames += 1;
      counter.longest = Math.max(counter.longest, now - counter.last);
      counter.last = now;
      if (counter.on) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    return counter;
  })()`);
  return async () => {
    const { from, last, frames, longest } =
      /** @type {{ from: number, last: number, frames: number, longest: number }} */ (
        await counter.jsonValue()
      );
    return { frames: (frames * 1_000) / (last - from), longest };
  };
}

/** @param {Page} page @returns {Promise<number>} MB after garbage was collected */
async function heap(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session
    .send('Performance.enable')
    .then(() => session.send('Performance.getMetrics'));
  return (metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? NaN) / 1e6;
}
