import { setTimeout as delay } from 'node:timers/promises';
import { cpuSeconds, loadAverage } from './costs.mjs';
import { interleaved, medians } from './medians.mjs';
import { eventText } from './runs.mjs';
import { present } from './streams.mjs';

const SECONDS = 5;

/**
 * Many runs with one reader each, every run with an event per second.
 * @param {import('./questions.mjs').Bench} bench
 */
export async function manyRuns({ streams: start, rounds, scale }) {
  const count = scale(1_000);
  const streams = await start();
  const results = await interleaved(
    present([streams.nchan, streams.ours, streams.backend]),
    rounds,
    (server) => measure(streams, server, count),
  );
  return {
    title: `${count} runs with one reader and one event per second each`,
    rows: [...results].map(([{ name }, measured]) => ({ server: name, ...medians(measured) })),
  };
}

/**
 * @param {import('./streams.mjs').Streams} streams
 * @param {import('./streams.mjs').StreamServer} server
 * @param {number} count
 */
async function measure(streams, server, count) {
  const runs = [];
  for (let index = 0; index < count; index++) runs.push(await streams.runs.add());
  const startedAt = performance.now();
  const load = streams.load(server, { clients: count, runs });
  try {
    await load.connected();
    const connecting = performance.now() - startedAt;
    await load.begin();
    const before = cpuSeconds(server.pids);
    for (let slot = 0; slot < SECONDS * 10; slot++) {
      const from = (slot % 10) * (count / 10);
      const some = runs.slice(from, from + count / 10);
      await Promise.all(some.map((run) => server.publish(run, [eventText()])));
      await delay(100);
    }
    const { events, p50, p99, disorder } = await load.await(SECONDS * count);
    return {
      'CPU µs/event': ((cpuSeconds(server.pids) - before) * 1e6) / events,
      'p50 ms': p50,
      'p99 ms': p99,
      'lost or again': SECONDS * count - events + disorder,
      'connecting ms': connecting,
      'load average': loadAverage(),
    };
  } finally {
    await load.stop();
  }
}
