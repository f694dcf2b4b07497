import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NETWORK_OFF } from '@saas-codex/contracts/network';
import { Metrics } from '@saas-codex/service-kit/metrics/metrics';
import { NoTracing } from '@saas-codex/service-kit/tracing/tracing';
import { KEY, ProxyWorld, sse, streams } from '@saas-codex/testing/runner/proxy-world';
import { ModelProxy } from '../src/model-proxy/model-proxy.service.js';
import { ModelTelemetry } from '../src/model-proxy/model-telemetry.js';

/*
 * The organisation's own model server, beside the operator's. Its name is in the DNS of this spec only, where it leads to
 * loopback, which the operator has allowed with the port. No other address is contacted.
 */

const OWN_KEY = 'key-of-the-organisation-0123456789';
const COMPLETED = sse({ type: 'response.completed', response: {} });

const world = new ProxyWorld();
let seen: IncomingMessage[];
let answer: RequestListener;
const own = createServer((req, res) => {
  seen.push(req);
  answer(req, res);
});
let port: number;
let baseUrl: string;
/** A list of lists gives one list per lookup. */
let dns: Record<string, string[][]>;

beforeAll(async () => {
  await world.start();
  own.listen(0, '127.0.0.1');
  await once(own, 'listening');
  ({ port } = own.address() as AddressInfo);
  baseUrl = `http://model.example:${port}/v1`;
});
beforeEach(() => {
  world.reset();
  seen = [];
  dns = { 'model.example': [['127.0.0.1']] };
  answer = (_req, res) => streams(COMPLETED)(res);
  world.answer = (_req, res) => streams(COMPLETED)(res);
  world.proxy = new ModelProxy(
    { CODEX_API_KEY: KEY, CODEX_BASE_URL: world.upstreamUrl, MODEL_TRUSTED_HOSTS: [`model.example:${port}`] },
    new ModelTelemetry(new Metrics(undefined), new NoTracing()),
    {
      resolve: (host) => {
        const [first = [], ...rest] = dns[host] ?? [];
        if (rest.length > 0) dns[host] = rest;
        return Promise.resolve(first);
      },
    },
  );
});
afterEach(() => world.proxy.onModuleDestroy());
afterAll(async () => {
  own.closeAllConnections();
  own.close();
  await world.stop();
});

const openOwn = (base_url = baseUrl) =>
  world.open('run-2', world.proxy, NETWORK_OFF, null, { base_url, api_key: OWN_KEY });

async function refusal(base_url: string): Promise<string> {
  const response = await world.call(await openOwn(base_url));
  expect([400, 502]).toContain(response.status);
  const { error } = JSON.parse(await response.text()) as { error: { message: string; code: string } };
  expect(world.heard.errors.at(-1)).toBe(error.message);
  expect([seen, world.seen]).toEqual([[], []]);
  return `${error.code}: ${error.message}`;
}

describe("an organisation's own model server", () => {
  it('gets the calls of its runs with its own key, while those of others go to the operator’s', async () => {
    const [mine, others] = [await openOwn(), await world.open('run-1')];
    await (await world.call(mine)).text();
    await (await world.call(others)).text();
    expect(seen.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ['/v1/responses', `Bearer ${OWN_KEY}`],
    ]);
    expect(world.seen.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${KEY}`]);
  });

  it('is connected to at the addresses that one lookup for each call has found', async () => {
    // A second lookup within the first call would find another address, and the system's resolver finds none.
    dns['model.example'] = [['127.0.0.1'], []];
    const access = await openOwn();
    expect((await world.call(access)).status).toBe(200);
    own.closeAllConnections();
    seen = [];
    expect((await world.call(access)).status).toBe(502);
    expect(world.heard.errors).toEqual([expect.stringContaining('could not be resolved')]);
    expect(seen).toEqual([]);
  });

  it.each([
    ['https://169.254.169.254/v1'],
    ['https://10.0.0.7/v1'],
    ['https://0x7f.1/v1'],
    ['https://[::1]/v1'],
    ['https://[::ffff:10.0.0.7]/v1'],
    ['https://[fe80::1]/v1'],
    ['https://private.example/v1'],
    ['https://half.example/v1'],
    ['https://turned.example/v1'],
    ['https://model.example/v1'],
    ['http://public.example/v1'],
  ])('is not connected to at %s', async (base_url) => {
    Object.assign(dns, {
      'private.example': [['10.0.0.7']],
      'half.example': [['93.184.216.34', '10.0.0.7']],
      'turned.example': [['127.0.0.1']],
      'public.example': [['93.184.216.34']],
    });
    expect(await refusal(base_url)).toMatch(
      /^upstream_forbidden: Your organisation's model server at .* MODEL_TRUSTED_HOSTS/,
    );
  });

  it('that is not known is named, with who can correct it', async () => {
    expect(await refusal('https://nowhere.example/v1')).toMatch(
      /^upstream_unreachable: Your organisation's model server's name nowhere.example could not be resolved.*Settings → Models/,
    );
  });

  it.each([
    [
      401,
      { error: { message: `no ${OWN_KEY}` } },
      /^Your organisation's model server at .* refused the key\. An admin .*Settings → Models/,
    ],
    [
      403,
      { error: { message: `${OWN_KEY} may not` } },
      /^Your organisation's model server does not allow this: "\[key\] may not"/,
    ],
    [
      404,
      { error: { message: 'no model x', code: 'model_not_found' } },
      /^Your organisation's model server does not know this model/,
    ],
    [404, {}, /There is no Responses API at .*Settings → Models/],
    [
      429,
      { error: { message: 'x', code: 'insufficient_quota' } },
      /^Your organisation's model account's credit/,
    ],
    [503, {}, /^Your organisation's model server has a problem/],
  ])('explains its %i to the organisation, without the key', async (status, body, sentence) => {
    answer = (_req, res) => res.writeHead(status, { 'x-echo': OWN_KEY }).end(JSON.stringify(body));
    const response = await world.call(await openOwn());
    const told = JSON.stringify([...response.headers, await response.text()]);
    expect(world.heard.errors).toEqual([expect.stringMatching(sentence)]);
    expect(told + world.heard.errors.join()).not.toContain(OWN_KEY);
    expect(told + world.heard.errors.join()).not.toContain('CODEX_');
  });

  it('cannot send the call and its key elsewhere', async () => {
    answer = (_req, res) => res.writeHead(307, { location: world.upstreamUrl }).end();
    const response = await world.call(await openOwn());
    expect(response.status).toBe(400);
    expect(world.heard.errors).toEqual([expect.stringMatching(/redirects elsewhere.*Settings → Models/)]);
    expect([seen.length, world.seen.length]).toEqual([1, 0]);
  });
});
