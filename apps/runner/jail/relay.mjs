// Runs in the jail, by plain Node: Codex speaks TCP, and the one way out of the jail is a Unix socket. Bytes pass as they are.
import { connect, createServer } from 'node:net';
import { pipeline } from 'node:stream';

const SOCKET = '/run/jail/model.sock';
/** As MODEL_ORIGIN in src/jail/bubblewrap.jail.ts. */
const PORT = 39_100;

const server = createServer({ allowHalfOpen: true, noDelay: true }, (codex) => {
  const proxy = connect({ path: SOCKET, allowHalfOpen: true });
  // Whoever breaks off breaks off the other.
  const end = () => [codex, proxy].forEach((socket) => socket.destroy());
  pipeline(codex, proxy, (error) => error && end());
  pipeline(proxy, codex, (error) => error && end());
});

server.listen(PORT, '127.0.0.1');
