import { setTimeout as delay } from 'node:timers/promises';
import { cpuSeconds, loadAverage } from './costs.mjs';
import { interleaved, medians } from './medians.mjs';
import { eventText } from './runs.mjs';
import { present } from './streams.mjs';

const PER_SECOND = 10;
const PACED_EVENTS = 50;
const BURST_EVENTS = 500;
const WARMING_EVENTS = 50;

/**
 * One run with many readers: at a fixed rate, and as fast as possible.
 * @param {import('./questions.mjs').Bench} bench
 */
export async function fanout({ streams: start, rounds, scale }) {
  const clients = scale(1_000);
  const streams = await start();
  const { ours, backend, nchan, nest, bare } = streams;
  const results = await interleaved(present([nchan, ours, backend, bare, nest]), rounds, (server) =>
    measure(streams, server, clients),
  );
  const rows = [...results].map(([{ name }, measured]) => ({ server: name, ...medians(measured) }));
  const base = rows.find(({ server }) => server === 'nchan');
  return {
    title: `One run, ${clients} readers: ${PER_SECOND} events/s of 300 B, then ${BURST_EVENTS} at once`,
    rows: rows.map((row) => ({
      ...row,
      ...(base && {
        'CPU ÷ nchan': row['CPU µs/event'] / base['CPU µs/event'],
        'burst ÷ nchan': row['burst events/s'] / base['burst events/s'],
      }),
    })),
  };
}

/**
 * @param {import('./streams.mjs').Streams} streams
 * @param {import('./streams.mjs').StreamServer} server
 * @param {number} clients
 */
async function measure(streams, server, clients) {
  const run = await streams.runs.add();
  const load = streams.load(server, { clients, runs: [run] });
  try {
    await load.connected();
    await load.begin();
    await server.publish(
      run,
      Array.from({ length: WARMING_EVENTS }, () => eventText()),
    );
    await load.await(WARMING_EVENTS * clients);

    await load.begin();
    const before = cpuSeconds(server.pids);
    for (let event = 0; event < PACED_EVENTS; event++) {
      await server.publish(run, [eventText()]);
      await delay(1_000 / PER_SECOND);
    }
    const paced = await load.await(PACED_EVENTS * clients);
    const between = cpuSeconds(server.pids);

    await load.begin();
    await server.publish(
      run,
      Array.from({ length: BURST_EVENTS }, () => eventText()),
    );
    const burst = await load.await(BURST_EVENTS * clients);
    return {
      'CPU µs/event': ((between - before) * 1e6) / paced.events,
      'p50 ms': paced.p50,
      'p99 ms': paced.p99,
      'burst events/s': Math.round((burst.events * 1_000) / burst.ms),
      'burst CPU µs/event': ((cpuSeconds(server.pids) - between) * 1e6) / burst.events,
      'lost or again':
        (PACED_EVENTS + BURST_EVENTS) * clients -
        paced.events -
        burst.events +
        paced.disorder +
        burst.disorder,
      'load average': loadAverage(),
    };
  } finally {
    await load.stop();
  }
}
