import type { ServerResponse } from 'node:http';
import { HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import { Metrics } from '@saas-codex/service-kit/metrics/metrics';
import { NoTracing } from '@saas-codex/service-kit/tracing/tracing';
import { waitFor } from '@saas-codex/testing/wait-for';
import type { TokenAccess } from '../src/model-proxy/model-access.js';
import { ModelProxy } from '../src/model-proxy/model-proxy.service.js';
import type { ModelProxySettings } from '../src/model-proxy/upstream.js';
import { ModelTelemetry } from '../src/model-proxy/model-telemetry.js';
import { createCodexWorkspace } from '@saas-codex/testing/runner/codex-workspace';
import { KEY, ProxyWorld, sse, streams, textDelta } from '@saas-codex/testing/runner/proxy-world';

const completed = (input: number, output: number) => ({
  type: 'response.completed',
  response: {
    usage: {
      input_tokens: input,
      input_tokens_details: { cached_tokens: 1 },
      output_tokens: output,
      output_tokens_details: { reasoning_tokens: 2 },
    },
  },
});

describe('the model proxy', () => {
  const world = new ProxyWorld();
  beforeAll(() => world.start());
  beforeEach(() => world.reset());
  afterEach(() => world.proxy.onModuleDestroy());
  afterAll(() => world.stop());

  it('names its source', () => {
    const sourceOf = (settings: ModelProxySettings) =>
      new ModelProxy(
        settings,
        new ModelTelemetry(new Metrics(undefined), new NoTracing()),
        new HostResolver(),
      ).source;
    expect(sourceOf({})).toBe('demo');
    expect(sourceOf({ CODEX_API_KEY: KEY })).toBe('openai');
    expect(sourceOf({ CODEX_BASE_URL: world.upstreamUrl })).toBe('compatible');
  });

  it('forwards a call with the real key, meters it, and never reveals the key', async () => {
    const body = sse(textDelta('Hel'), textDelta('lo'), completed(10, 5));
    world.answer = (req, res) => {
      res.setHeader('set-cookie', 'a=b');
      res.setHeader('x-request-id', 'req_1');
      streams(body)(res);
    };
    const access = await world.open();
    const response = await world.call(access, { headers: { 'x-codex-window-id': 'w', cookie: 'c=d' } });

    expect(await response.text()).toBe(body);
    expect(world.seen[0]?.headers).toMatchObject({
      authorization: `Bearer ${KEY}`,
      'x-codex-window-id': 'w',
    });
    expect(world.seen[0]?.headers.cookie).toBeUndefined();
    expect(JSON.stringify([access, [...response.headers]])).not.toContain(KEY);
    expect(response.headers.get('set-cookie')).toBeNull();
    expect(response.headers.get('x-request-id')).toBe('req_1');
    await (await world.call(access)).text();
    expect(world.heard.usages).toEqual([
      { input_tokens: 10, cached_input_tokens: 1, output_tokens: 5, reasoning_output_tokens: 2 },
      { input_tokens: 20, cached_input_tokens: 2, output_tokens: 10, reasoning_output_tokens: 4 },
    ]);
    expect(world.heard.errors).toEqual([]);
  });

  it('forwards every piece of a response at once', async () => {
    let res: ServerResponse | undefined;
    world.answer = (_, response) => (res = response);
    const answer = world.call(await world.open());
    await waitFor(() => res !== undefined);
    res?.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    const reader = (await answer).body?.pipeThrough(new TextDecoderStream()).getReader();
    for (const word of ['one', 'two', 'thrée']) {
      const event = sse(textDelta(word));
      const bytes = Buffer.from(event);
      res?.write(bytes.subarray(0, -9));
      res?.write(bytes.subarray(-9));
      let got = '';
      while (got !== event) got += (await reader?.read())?.value ?? '';
    }
    res?.end(sse(completed(1, 1)));
  });

  it('requires the token of a living run and serves only the Responses API', async () => {
    world.answer = (_req, res) => streams(sse(completed(1, 1)))(res);
    const access = await world.open();
    const other = await world.open('run-2');
    await other.revoke();
    for (const token of ['', 'nonsense', other.token]) {
      const refused = await world.call({ ...access, token });
      expect(refused.status).toBe(401);
      expect(await refused.json()).toMatchObject({
        error: { code: 'invalid_api_key', type: 'invalid_request_error' },
      });
    }
    expect((await world.call(access, { path: '/files' })).status).toBe(404);
    expect((await world.call(access, { path: '/responses/../models' })).status).toBe(404);
    expect((await world.call(access, { method: 'GET', body: null })).status).toBe(405);
    expect(world.seen).toEqual([]);
    expect((await world.call(access)).status).toBe(200);
  });

  it.each([
    ['the run ends', (access: TokenAccess) => access.revoke()],
    ['Codex disconnects', (_: TokenAccess, client: AbortController) => client.abort()],
  ])('ends the call at the upstream when %s', async (_, end) => {
    let closed = false;
    world.answer = (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(sse(textDelta('and on')));
      res.on('close', () => (closed = true));
    };
    const access = await world.open();
    const client = new AbortController();
    const response = await world.call(access, { signal: client.signal });
    end(access, client);
    await expect(response.text()).rejects.toThrow();
    await waitFor(() => closed);
    expect(world.heard.errors).toEqual([]);
  });

  it('limits the calls of a run and the size of a request', async () => {
    world.answer = (req, res) => {
      req.resume();
      res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    };
    const access = await world.open();
    await Promise.all(Array.from({ length: 8 }, () => world.call(access)));
    const refused = await world.call(access);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    const other = await world.open('run-2');
    const megabyte = new Uint8Array(1024 * 1024);
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull: (to) => (sent++ < 64 ? to.enqueue(megabyte) : to.close()),
    });
    world.answer = (req) => req.resume();
    const large = await world.call(other, { body: endless, duplex: 'half' });
    expect(large.status).toBe(413);
    expect(world.heard.errors).toEqual(['The conversation is too large to send.']);
  });

  it('follows no redirect with the key', async () => {
    world.answer = (_req, res) => res.writeHead(307, { location: `${world.upstreamUrl}/elsewhere` }).end();
    const response = await world.call(await world.open());
    expect([response.status, world.seen.length]).toEqual([400, 1]);
    expect(response.headers.get('location')).toBeNull();
    expect(world.heard.errors).toEqual([expect.stringMatching(/redirects elsewhere/)]);
  });

  it('connects the real Codex to the demo model without a key', async () => {
    const demo = new ModelProxy(
      { DEMO_PACE: 0 },
      new ModelTelemetry(new Metrics(undefined), new NoTracing()),
      new HostResolver(),
    );
    const access = await world.open('run-1', demo);
    const workspace = await createCodexWorkspace(access);
    const turn = await workspace.prompt('Begin');
    await workspace.remove();
    await demo.onModuleDestroy();

    expect(turn.error).toBeUndefined();
    expect(turn.items.map(({ type }) => type)).toContain('agent_message');
    expect(world.heard.usages.at(-1)).toMatchObject({ input_tokens: expect.any(Number) });
    expect(world.heard.errors).toEqual([]);
  });
});
