import { createSocket } from 'node:dgram';
import { lookup, Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { askNameServers } from '../src/network/host-resolver.js';

/** A name server that knows every name, but never answers for names that begin with `slow`. */
async function startNameServer() {
  const asked: string[] = [];
  const socket = createSocket('udp4', (question, from) => {
    const name = nameIn(question);
    asked.push(name);
    if (name.startsWith('slow')) return;
    const isIPv4 = question.readUInt16BE(12 + name.length + 2) === 1;
    const address = isIPv4
      ? Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 93, 184, 216, 34])
      : Buffer.alloc(0);
    const header = Buffer.from([
      question[0] ?? 0,
      question[1] ?? 0,
      0x81,
      0x80,
      0,
      1,
      0,
      isIPv4 ? 1 : 0,
      0,
      0,
      0,
      0,
    ]);
    const end = 12 + name.length + 2 + 4;
    socket.send(Buffer.concat([header, question.subarray(12, end), address]), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const resolver = () => {
    const made = new Resolver({ timeout: 60_000, tries: 1 });
    made.setServers([`127.0.0.1:${socket.address().port}`]);
    return made;
  };
  return { asked, resolver, close: () => socket.close() };
}

function nameIn(question: Buffer): string {
  const labels: string[] = [];
  for (let at = 12; question[at]; at += 1 + (question[at] ?? 0))
    labels.push(question.toString('latin1', at + 1, at + 1 + (question[at] ?? 0)));
  return labels.join('.');
}

describe('host names that users choose', () => {
  it('are resolved without the system resolver, so that slow ones delay no others', async () => {
    const server = await startNameServer();
    const slow = Array.from({ length: 16 }, (_, n) => {
      const resolver = server.resolver();
      return { resolver, answer: askNameServers(`slow${n}.example`, resolver) };
    });
    let ended = 0;
    for (const { answer } of slow) void answer.then(() => (ended += 1));
    expect(await askNameServers('known.example', server.resolver())).toEqual(['93.184.216.34']);
    expect((await lookup('localhost')).address).toBeTruthy();
    expect(ended).toBe(0);
    expect(server.asked.filter((name) => name.startsWith('slow')).length).toBeGreaterThanOrEqual(16);
    for (const { resolver } of slow) resolver.cancel();
    expect(await Promise.all(slow.map(({ answer }) => answer))).toEqual(slow.map(() => []));
    server.close();
  });

  it('are not sent to name servers when they belong to this machine', async () => {
    expect(await askNameServers('app.localhost', new Resolver())).toEqual(['127.0.0.1']);
  });
});
