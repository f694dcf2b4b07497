import { loadAverage, memoryKb } from './costs.mjs';
import { interleaved, medians } from './medians.mjs';
import { eventText } from './runs.mjs';
import { present } from './streams.mjs';

const READING = 20;
const STALLED = 100;
/** 20 MB for each client: more than any socket holds. */
const EVENTS = 5_000;
const EVENT_BYTES = 4_000;
const BATCH = 50;

/**
 * Most clients stop reading while a run has much output: what do the others get, and what does it cost?
 * @param {import('./questions.mjs').Bench} bench
 */
export async function stalled({ streams: start, rounds }) {
  const streams = await start();
  const { ours, nest } = streams;
  const results = await interleaved(present([ours, nest]), rounds, (server) => measure(streams, server));
  return {
    title: `${STALLED} of ${STALLED + READING} clients stop reading; ${EVENTS} events of ${EVENT_BYTES} B`,
    rows: [...results].flatMap(([{ name }, measured]) => {
      const [without, within] = ['without', 'within'].map((field) =>
        medians(measured.map((pair) => pair[/** @type {'without' | 'within'} */ (field)])),
      );
      return [
        { server: name, 'stopped reading': 0, ...without },
        { server: name, 'stopped reading': STALLED, ...within },
      ];
    }),
  };
}

/** @param {import('./streams.mjs').Streams} streams @param {import('./streams.mjs').StreamServer} server */
const measure = async (streams, server) => ({
  without: await deliver(streams, server, 0),
  within: await deliver(streams, server, STALLED),
});

/**
 * @param {import('./streams.mjs').Streams} streams
 * @param {import('./streams.mjs').StreamServer} server
 * @param {number} stalledClients
 */
async function deliver(streams, server, stalledClients) {
  const run = await streams.runs.add();
  // Without Redis, which holds the log itself: that is not a cost of the clients.
  const pids =
    server === streams.ours ? [streams.product.gateway.pid, streams.product.backend.pid] : server.pids;
  const load = streams.load(server, {
    clients: READING + stalledClients,
    stalled: stalledClients,
    runs: [run],
  });
  try {
    await load.connected();
    await load.begin();
    const before = memoryKb(pids);
    let peak = before;
    for (let sent = 0; sent < EVENTS; sent += BATCH) {
      await server.publish(
        run,
        Array.from({ length: BATCH }, () => eventText(EVENT_BYTES)),
      );
      // At the pace of the reading clients, so that only the stalled ones fall behind.
      await load.await((sent + BATCH) * READING, 10_000);
      if (sent % (BATCH * 10) === 0) peak = Math.max(peak, memoryKb(pids));
    }
    const { least, p50, p99, disorder } = await load.await(EVENTS * READING, 10_000);
    return {
      'delivered %': (100 * least) / EVENTS,
      again: disorder,
      'p50 ms': p50,
      'p99 ms': p99,
      'memory + MB': (Math.max(peak, memoryKb(pids)) - before) / 1024,
      'load average': loadAverage(),
    };
  } finally {
    await load.stop();
  }
}
