/** A baseline for Node's own server: a set of responses per run, each event framed once and written to all of them. */
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

/** @type {Map<string, Set<import('node:http').ServerResponse>>} */
const runs = new Map();

const server = createServer(async (req, res) => {
  const [, verb, run = ''] = (req.url ?? '').split('/');
  const clients = runs.get(run) ?? new Set();
  runs.set(run, clients);
  if (verb === 'sub') {
    res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    clients.add(res);
    res.on('close', () => clients.delete(res));
    return;
  }
  if (verb === 'pub') {
    const frame = Buffer.from(`data: ${await text(req)}\n\n`);
    for (const client of clients) client.write(frame);
  }
  res.writeHead(204).end();
});
server.listen({ port: Number(process.env['PORT']), host: '127.0.0.1', backlog: 4096 });
process.on('SIGTERM', () => process.exit(0));
