import { join } from 'node:path';
import { freePort } from '../../lib/ports.mjs';
import { startServer } from './child.mjs';
import { startPublisher } from './publisher.mjs';

/**
 * Starts one of the Node servers that ours is compared with.
 * @param {string} name @param {string} file @param {string} folder
 */
export async function startNodeServer(name, file, folder) {
  const port = await freePort();
  const server = await startServer(name.replaceAll(/\W/g, '-'), {
    command: [process.execPath, join(import.meta.dirname, file)],
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', PORT: String(port) },
    url: `http://127.0.0.1:${port}/health`,
    folder,
  });
  const publisher = await startPublisher(port);
  return {
    name,
    port,
    pids: [server.pid],
    nodePids: [server.pid],
    path: (/** @type {string} */ run) => `/sub/${run}`,
    headers: /** @type {string[]} */ ([]),
    publish: (/** @type {string} */ run, /** @type {string[]} */ events) =>
      publisher.publish(`/pub/${run}`, events),
    stop: async () => {
      await publisher.stop();
      await server.stop();
    },
  };
}
