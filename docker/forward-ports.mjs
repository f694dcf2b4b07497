// node forward-ports.mjs 8080=backend:8080 …: forwards connections to a service, however many containers it has.
import { connect, createServer } from 'node:net';

for (const argument of process.argv.slice(2)) {
  const [port, host, target] = argument.split(/[=:]/);
  const server = createServer((client) => {
    // Each connection resolves the name again: it has the addresses of all containers, in changing order.
    const service = connect({ host, port: Number(target) });
    for (const [side, other] of [
      [client, service],
      [service, client],
    ]) {
      side.on('error', () => other.destroy()).on('close', () => other.destroy());
      side.pipe(other);
    }
  });
  server.listen(Number(port));
}
