import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { jest } from '@jest/globals';
import { CLIENT_KEEP_ALIVE_MS, SERVER_KEEP_ALIVE_MS } from '../src/http/keep-alive.js';
import { ReplicaClient } from '../src/replicas/replica-client.js';

/** One name with two addresses and one port, as in compose and headless Services. */
const ADDRESSES = ['127.0.0.1', process.platform === 'linux' ? '127.0.0.2' : '::1'];

let servers: Server[];
let port: number;
let client: ReplicaClient;
let asked: string[];
let answer: (address: string) => RequestListener;

beforeEach(async () => {
  asked = [];
  answer = () => (_req, res) => res.end('ok');
  servers = ADDRESSES.map((address) =>
    createServer({ keepAliveTimeout: SERVER_KEEP_ALIVE_MS }, (req, res) => {
      asked.push(`${address} ${req.method} ${req.headers.host}`);
      answer(address)(req, res);
    }),
  );
  port = 0;
  for (const [index, server] of servers.entries()) {
    server.listen(port, ADDRESSES[index]);
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  }
  client = new ReplicaClient([new URL(`http://backend:${port}`)], { lookup: async () => ADDRESSES });
});
afterEach(() => {
  client.close();
  for (const server of servers) server.close().closeAllConnections();
});

async function ask(
  method: 'GET' | 'POST',
  { signal = new AbortController().signal, responseTimeoutMs = 60_000 } = {},
) {
  const body = method === 'POST' ? 'body' : undefined;
  const response = await client.sendRequest(
    { method, path: '/', headers: {}, signal },
    { write: (request) => request.end(body), repeatable: method === 'GET', responseTimeoutMs },
  );
  return text(response);
}

it('distributes requests over the addresses of a name, with the name in the Host header', async () => {
  for (let index = 0; index < 4; index++) expect(await ask('GET')).toBe('ok');
  expect(asked.toSorted()).toEqual(ADDRESSES.flatMap((one) => Array(2).fill(`${one} GET backend:${port}`)));
});

it('closes idle connections itself, before the service does', async () => {
  const closing: (number | undefined)[] = [];
  const setTimeoutOf = Socket.prototype.setTimeout;
  const spy = jest.spyOn(Socket.prototype, 'setTimeout').mockImplementation(function (
    this: Socket,
    ms,
    ...rest
  ) {
    if (this.remotePort === port) closing.push(ms);
    return setTimeoutOf.call(this, ms, ...rest);
  });
  await ask('POST');
  spy.mockRestore();
  expect(closing.at(-1)).toBe(CLIENT_KEEP_ALIVE_MS);
  expect(CLIENT_KEEP_ALIVE_MS).toBeLessThan(SERVER_KEEP_ALIVE_MS);
});

it('sends a repeatable request to the next replica when one is frozen, and prefers that replica from then on', async () => {
  answer = (address) => (_req, res) => (address === '127.0.0.1' ? undefined : res.end('ok'));
  expect(await ask('GET', { responseTimeoutMs: 20 })).toBe('ok');
  expect(asked).toHaveLength(2);
  for (let index = 0; index < 4; index++) expect(await ask('POST')).toBe('ok');
  expect(asked).toHaveLength(6);
});

it('ends with its signal, without trying another replica', async () => {
  const abort = new AbortController();
  answer = () => () => abort.abort();
  await expect(ask('GET', { signal: abort.signal })).rejects.toThrow();
  expect(asked).toHaveLength(1);
});
