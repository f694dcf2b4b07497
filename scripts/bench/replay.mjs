import { cpuSeconds, loadAverage } from './costs.mjs';
import { interleaved, medians } from './medians.mjs';
import { eventText } from './runs.mjs';
import { present } from './streams.mjs';

const SHORT = { clients: 200, events: 1_000 };
const WARMING = { clients: 200, events: 100 };
const LONG = { clients: 20, events: 10_000 };

/**
 * All clients reconnect at once and read from the beginning.
 * @param {import('./questions.mjs').Bench} bench
 */
export async function replay({ streams: start, rounds }) {
  const streams = await start();
  const servers = present([streams.nchan, streams.ours, streams.backend]);
  // Warms up, so that no measurement includes code that runs for the first time.
  for (const server of servers) await measure(streams, server, WARMING);
  const rows = [];
  for (const size of [SHORT, LONG]) {
    const results = await interleaved(servers, rounds, (server) => measure(streams, server, size));
    const some = [...results].map(([{ name }, measured]) => ({
      server: name,
      ...size,
      ...medians(measured),
    }));
    const base = some.find(({ server }) => server === 'nchan');
    rows.push(
      ...some.map((row) => ({ ...row, ...(base && { '÷ nchan': row['events/s'] / base['events/s'] }) })),
    );
  }
  return { title: 'Reconnecting: from the beginning of a run to its last event', rows };
}

/**
 * Time from the first connection to the last event, including authentication.
 * @param {import('./streams.mjs').Streams} streams
 * @param {import('./streams.mjs').StreamServer} server
 * @param {{ clients: number, events: number }} size
 */
async function measure(streams, server, { clients, events }) {
  const run = await streams.runs.add();
  await server.publish(
    run,
    Array.from({ length: events }, () => eventText()),
  );
  const before = cpuSeconds(server.pids);
  const load = streams.load(server, { clients, runs: [run] });
  try {
    const all = await load.await(clients * events);
    return {
      'events/s': Math.round((all.events * 1_000) / all.ms),
      ms: all.ms,
      'CPU µs/event': ((cpuSeconds(server.pids) - before) * 1e6) / all.events,
      'lost or again': clients * events - all.events + all.disorder,
      'load average': loadAverage(),
    };
  } finally {
    await load.stop();
  }
}
