import { createServer } from 'node:net';

/**
 * @param {number} port
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

/** Below the ports that systems give to outgoing connections: one of those may be taken before somebody listens on it. */
const FIRST_PORT = 12_000;
const BLOCKS = 200;
const BLOCK = 100;
let given = 0;

/**
 * Each process begins in a block of its own, and gives none twice.
 * @returns {Promise<number>} a port that nobody listens on
 */
export async function freePort() {
  for (;;) {
    const place = ((process.pid % BLOCKS) * BLOCK + given++) % (BLOCKS * BLOCK);
    const port = await bind(FIRST_PORT + place).catch(() => null);
    if (port !== null) return port;
  }
}

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
