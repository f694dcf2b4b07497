import { once } from 'node:events';
import { connect } from 'node:net';

/** Requests that wait for answers at the same time. nginx loses track of many more. */
const BATCH = 100;
const ANSWER = 'HTTP/1.1 ';

/**
 * Posts events to a server over one kept-alive connection, many requests in one write, so that publishing is not what is
 * measured.
 * @param {number} port
 */
export async function startPublisher(port) {
  let socket = await connection(port);
  /** @param {string} path @param {string[]} events */
  const post = async (path, events) => {
    const requests = events.map((event) =>
      [
        `POST ${path} HTTP/1.1`,
        'Host: localhost',
        'Content-Type: application/json',
        `Content-Length: ${event.length}`,
        '',
        event,
      ].join('\r\n'),
    );
    socket.write(requests.join(''));
    let text = '';
    while (text.split(ANSWER).length <= events.length) {
      const [piece] = await once(socket, 'data', { signal: AbortSignal.timeout(30_000) });
      text += piece;
    }
  };
  return {
    /** @param {string} path @param {string[]} events */
    publish: async (path, events) => {
      // A server keeps no connection for ever.
      if (socket.readableEnded || socket.destroyed) socket = await connection(port);
      for (let start = 0; start < events.length; start += BATCH)
        await post(path, events.slice(start, start + BATCH));
    },
    stop: async () => void socket.destroy(),
  };
}

/** @param {number} port */
async function connection(port) {
  const socket = connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1').resume();
  // The failure shows as an answer that never arrives.
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}
