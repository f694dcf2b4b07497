import { once } from 'node:events';
import { connect } from 'node:net';

/** Requests that wait for answers at the same time. nginx loses track of many more. */
const BATCH = 100;
const ANSWER = 'HTTP/1.1 ';
const ANSWER_TIMEOUT = 30_000;

/**
 * Posts events to a server over one kept-alive connection, many requests in one write, so that publishing is not what is
 * measured. Answers come in the order of the requests, so calls may overlap.
 * @param {number} port
 */
export async function startPublisher(port) {
  let connection = await open(port);
  return {
    /** @param {string} path @param {string[]} events */
    publish: async (path, events) => {
      // A server keeps no connection for ever.
      if (connection.socket.readableEnded || connection.socket.destroyed) connection = await open(port);
      for (let start = 0; start < events.length; start += BATCH)
        await connection.post(path, events.slice(start, start + BATCH));
    },
    stop: async () => void connection.socket.destroy(),
  };
}

/** @param {number} port */
async function open(port) {
  const socket = connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1');
  // The failure shows as an answer that never arrives.
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  /** @type {{ missing: number, done: () => void }[]} those that wait for answers, in the order of their requests */
  const waiting = [];
  let unread = '';
  socket.on('data', (/** @type {string} */ piece) => {
    const answers = (unread + piece).split(ANSWER);
    unread = /** @type {string} */ (answers.at(-1)).slice(1 - ANSWER.length);
    for (let left = answers.length - 1; left > 0 && waiting[0]; left--)
      if (--waiting[0].missing === 0) waiting.shift()?.done();
  });
  /** @param {string} path @param {string[]} events @returns {Promise<void>} */
  const post = (path, events) =>
    new Promise((resolve, reject) => {
      const timeout = setTimeout(() => reject(new Error(`No answer to a POST ${path}`)), ANSWER_TIMEOUT);
      waiting.push({ missing: events.length, done: () => (clearTimeout(timeout), resolve()) });
      socket.write(events.map((event) => request(path, event)).join(''));
    });
  return { socket, post };
}

/** @param {string} path @param {string} event */
const request = (path, event) =>
  [
    `POST ${path} HTTP/1.1`,
    'Host: localhost',
    'Content-Type: application/json',
    `Content-Length: ${event.length}`,
    '',
    event,
  ].join('\r\n');
