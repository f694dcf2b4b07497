import { setTimeout as delay } from 'node:timers/promises';
import { loadAverage, memoryKb } from './costs.mjs';
import { interleaved, medians } from './medians.mjs';
import { eventText } from './runs.mjs';
import { present } from './streams.mjs';

/** Time to finish connecting, and to collect garbage. */
const SETTLE_MS = 3_000;

/**
 * Memory of waiting clients: what they hold, and the garbage of their connecting, which Node only frees
 * when memory is needed.
 * @param {import('./questions.mjs').Bench} bench
 */
export async function idle({ streams: start, rounds, scale }) {
  const clients = scale(8_000);
  const streams = await start();
  const { ours, backend, nchan, nest, bare } = streams;
  const results = await interleaved(present([nchan, ours, backend, bare, nest]), rounds, (server) =>
    measure(streams, server, clients),
  );
  const rows = [...results].map(([{ name }, measured]) => ({ server: name, ...medians(measured) }));
  const base = rows.find(({ server }) => server === 'nchan');
  return {
    title: `${clients} clients wait for events of a run`,
    rows: rows.map((row) => ({
      ...row,
      ...(base && { '÷ nchan': row['KB per client'] / base['KB per client'] }),
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
  await collectGarbage(server);
  const before = memoryKb(server.pids);
  const startedAt = performance.now();
  const load = streams.load(server, { clients, runs: [run] });
  try {
    await load.connected(180_000);
    const ms = performance.now() - startedAt;
    await load.begin();
    await server.publish(run, [eventText()]);
    await load.await(clients);
    await delay(SETTLE_MS);
    const perClient = () => (memoryKb(server.pids) - before) / clients;
    const withGarbage = perClient();
    await collectGarbage(server);
    return {
      'KB per client': perClient(),
      'with garbage': withGarbage,
      'connecting ms': ms,
      'load average': loadAverage(),
    };
  } finally {
    await load.stop();
  }
}

/** @param {import('./streams.mjs').StreamServer} server */
async function collectGarbage({ nodePids }) {
  for (const pid of nodePids) process.kill(pid, 'SIGUSR2');
  await delay(SETTLE_MS);
}
