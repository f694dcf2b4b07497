import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Dialer } from '../src/sandbox/egress/dialer.js';

describe('a connection attempt', () => {
  it('is aborted with its run', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const end = new AbortController();
    const { port } = server.address() as AddressInfo;
    const connection = new Dialer().connect(['127.0.0.1'], port, end.signal);
    end.abort();
    await expect(connection).rejects.toThrow('aborted');
    server.close();
  });
});
