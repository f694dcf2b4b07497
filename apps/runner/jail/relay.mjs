// Runs in the jail, by plain Node: Codex and its commands speak TCP, and the one way out of the jail is a Unix socket, at which
// the runner's model proxy and its egress proxy answer. Bytes pass as they are.
import { connect, createServer } from 'node:net';
import { pipeline } from 'node:stream';

const SOCKET = '/run/jail/run.sock';
/** As RELAY_ORIGIN in src/jail/bubblewrap.jail.ts. */
const PORT = 39_100;

// It would open Node's debugger otherwise, by which commands could work in this process.
process.on('SIGUSR1', () => undefined);

const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
  const proxy = connect({ path: SOCKET, allowHalfOpen: true });
  // Whoever breaks off breaks off the other.
  const end = () => [client, proxy].forEach((socket) => socket.destroy());
  pipeline(client, proxy, (error) => error && end());
  pipeline(proxy, client, (error) => error && end());
});

// start.sh waits for this line where it has to.
server.listen(PORT, '127.0.0.1', () => process.stdout.write('ready\n'));
