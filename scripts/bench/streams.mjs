import { compileLoad, startLoad } from './load/load.mjs';
import { openRuns } from './runs.mjs';
import { startNchan, hasNchan } from './servers/nchan.mjs';
import { startNodeServer } from './servers/node-server.mjs';
import { startProduct } from './servers/product.mjs';

/**
 * A server of event streams: readers get a run's stream at `path`, with `headers`. `pids` are its processes, `nodePids`
 * its Node processes.
 * @typedef {{ name: string, port: number, pids: number[], nodePids: number[], headers: string[], path(run: string): string,
 *   publish(run: string, events: string[]): Promise<void> }} StreamServer
 */

/** @typedef {Awaited<ReturnType<typeof startStreams>>} Streams */

/**
 * Our server and those that it is compared with. All run at the same time; those that are not measured are idle.
 * @param {{ root: string, folder: string }} place
 */
export async function startStreams({ root, folder }) {
  const program = await compileLoad(folder);
  /** @type {{ stop(): Promise<unknown> }[]} */
  const started = [];
  /** @template {{ stop(): Promise<unknown> }} T @param {T} part @returns {T} */
  const keep = (part) => {
    started.unshift(part);
    return part;
  };
  const stop = async () => {
    for (const part of started) await part.stop();
  };
  try {
    const product = keep(await startProduct(root, folder));
    const runs = keep(await openRuns(product));
    const common = {
      pids: product.pids,
      nodePids: product.nodePids,
      headers: product.headers,
      path: (/** @type {string} */ run) => `/api/runs/${run}/events`,
      publish: runs.publish,
    };
    const ours = { ...common, name: 'ours', port: product.gateway.port };
    const backend = { ...common, name: 'ours, backend alone', port: product.backend.port };
    const nest = keep(await startNodeServer('Nest @Sse()', 'nest-sse.mjs', folder));
    const bare = keep(await startNodeServer('node:http', 'bare-http.mjs', folder));
    const nchan = hasNchan() ? keep(await startNchan(folder)) : null;
    if (!nchan)
      console.log('nginx and its nchan module are not installed, so there is no comparison with them.');
    return {
      product,
      runs,
      ours,
      backend,
      nest,
      bare,
      /** null if it is not installed. */
      nchan,
      /** @param {StreamServer} server @param {{ clients: number, stalled?: number, runs: string[] }} options */
      load: ({ port, headers, path }, options) =>
        startLoad(program, { folder, port, headers, ...options, paths: options.runs.map(path) }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @template T @param {(T | null)[]} list @returns {T[]} */
export const present = (list) => list.filter((one) => one !== null);
