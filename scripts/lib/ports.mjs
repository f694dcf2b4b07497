import { createServer } from 'node:net';

/**
 * @param {number} port 0 for any free one
 * @returns {Promise<number>} the port, which was free a moment ago; rejects when it is taken
 */
function bind(port) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const { port: bound } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(bound));
    });
  });
}

export const freePort = () => bind(0);

/**
 * Refuses to go on when a port is taken, naming it, who would have it, and the setting that changes it.
 * @param {import('./replicas.mjs').Place[]} places
 */
export async function requireFreePorts(places) {
  for (const { name, port, setting } of places) {
    await bind(port).catch(() => {
      throw new Error(
        `Port ${port} is taken, and ${name} needs it. Stop what listens there, or set ${setting} to another port.`,
      );
    });
  }
}
