import { createServer } from 'node:net';

/**
 * @param {number} port
 * @returns {Promise<number>} the port, which was free a moment ago; rejects if it is taken
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

/** Below the range for outgoing connections: the system could give one of those away before a service listens on it. */
const FIRST_PORT = 12_000;
const BLOCKS = 200;
const BLOCK = 100;
/** Processes that start together have numbers that follow each other. This takes their blocks far apart. */
const SPREAD = 61;
let given = 0;

/**
 * Each process starts in a block of its own and returns no port twice.
 * @returns {Promise<number>} a free port
 */
export async function freePort() {
  for (;;) {
    const place = (((process.pid * SPREAD) % BLOCKS) * BLOCK + given++) % (BLOCKS * BLOCK);
    const port = await bind(FIRST_PORT + place).catch(() => null);
    if (port !== null) return port;
  }
}

/**
 * @throws Error if a port is taken, with the port, the service that needs it, and the setting that changes it
 * @param {import('./replicas.mjs').Place[]} places
 */
export async function requireFreePorts(places) {
  for (const { name, port, setting } of places) {
    await bind(port).catch(() => {
      throw new Error(
        `Port ${port} is taken, and ${name} needs it. Stop the program that uses it, or set ${setting} to another port.`,
      );
    });
  }
}
