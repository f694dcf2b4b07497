import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { Logger } from '@nestjs/common';
import type { Usage } from '@saas-codex/contracts/runs';
import { waitFor } from '../../../tests/support/wait-for.js';
import type { ModelAccess, ModelDelta } from '../src/model-proxy/model-access.js';
import { ModelProxy } from '../src/model-proxy/model-proxy.service.js';
import { createCodexWorkspace } from './support/codex-workspace.js';

const KEY = 'sk-the-real-key-0123456789';
const BODY = JSON.stringify({ model: 'm', input: [] });

const sse = (...events: object[]) => events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
const textDelta = (delta: string) => ({
  type: 'response.output_text.delta',
  item_id: 'msg_1',
  output_index: 0,
  delta,
});
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

describe('ModelProxy', () => {
  let upstream: Server;
  let upstreamUrl: string;
  let seen: IncomingMessage[];
  let answerUpstream: RequestListener;
  let proxy: ModelProxy;
  let heard: { deltas: ModelDelta[]; usages: Usage[]; errors: string[] };

  beforeAll(async () => {
    Logger.overrideLogger(false);
    upstream = createServer((req, res) => {
      seen.push(req);
      answerUpstream(req, res);
    });
    upstream.listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    upstreamUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1`;
  });
  beforeEach(() => {
    seen = [];
    heard = { deltas: [], usages: [], errors: [] };
    proxy = new ModelProxy({ CODEX_API_KEY: KEY, CODEX_BASE_URL: upstreamUrl });
  });
  afterEach(() => proxy.onModuleDestroy());
  afterAll(async () => {
    upstream.closeAllConnections();
    upstream.close();
    await once(upstream, 'close');
  });

  const open = (runId = 'run-1', from = proxy): Promise<ModelAccess> =>
    from.open(
      { runId, tenantId: 'tenant-1' },
      {
        onDelta: (delta) => heard.deltas.push(delta),
        onUsage: (usage) => heard.usages.push(usage),
        onUpstreamError: (sentence) => heard.errors.push(sentence),
      },
    );

  const call = (access: { baseUrl: string; token: string }, init: RequestInit & { path?: string } = {}) =>
    fetch(`${access.baseUrl}${init.path ?? '/responses'}`, {
      method: 'POST',
      body: BODY,
      redirect: 'manual',
      ...init,
      headers: {
        authorization: `Bearer ${access.token}`,
        'content-type': 'application/json',
        ...init.headers,
      },
    });

  const streams = (text: string) => (res: ServerResponse) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.end(text);
  };

  it('names its source', () => {
    expect(new ModelProxy({}).source).toBe('demo');
    expect(new ModelProxy({ CODEX_API_KEY: KEY }).source).toBe('openai');
    expect(new ModelProxy({ CODEX_BASE_URL: upstreamUrl }).source).toBe('compatible');
  });

  it('passes a call on with the real key, meters it, and shows the key to nobody', async () => {
    const body = sse(textDelta('Hel'), textDelta('lo'), completed(10, 5));
    answerUpstream = (req, res) => {
      res.setHeader('set-cookie', 'a=b');
      res.setHeader('x-request-id', 'req_1');
      streams(body)(res);
    };
    const access = await open();
    const response = await call(access, { headers: { 'x-codex-window-id': 'w', cookie: 'c=d' } });

    expect(await response.text()).toBe(body);
    expect(seen[0]?.headers).toMatchObject({ authorization: `Bearer ${KEY}`, 'x-codex-window-id': 'w' });
    expect(seen[0]?.headers.cookie).toBeUndefined();
    expect(JSON.stringify([access, [...response.headers]])).not.toContain(KEY);
    expect(response.headers.get('set-cookie')).toBeNull();
    expect(response.headers.get('x-request-id')).toBe('req_1');
    expect(heard.deltas).toEqual([{ itemType: 'agent_message', streamId: 'msg_1', text: 'Hello' }]);
    await (await call(access)).text();
    expect(heard.usages).toEqual([
      { input_tokens: 10, cached_input_tokens: 1, output_tokens: 5, reasoning_output_tokens: 2 },
      { input_tokens: 20, cached_input_tokens: 2, output_tokens: 10, reasoning_output_tokens: 4 },
    ]);
    expect(heard.errors).toEqual([]);
  });

  it('passes every piece on at once, in both directions', async () => {
    let res: ServerResponse | undefined;
    const received: string[] = [];
    answerUpstream = (req, response) => {
      req.on('data', (chunk: Buffer) => received.push(String(chunk)));
      res = response;
    };
    let more: ReadableStreamDefaultController<Uint8Array> | undefined;
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({ start: (controller) => void (more = controller) });
    const answer = call(await open(), { body, duplex: 'half' });
    more?.enqueue(encoder.encode('first'));
    await waitFor(() => received.join('') === 'first');
    more?.enqueue(encoder.encode(' second'));
    await waitFor(() => received.join('') === 'first second');
    more?.close();

    res?.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    const reader = (await answer).body?.pipeThrough(new TextDecoderStream()).getReader();
    for (const word of ['one', 'two', 'thrée']) {
      const event = sse(textDelta(word));
      const bytes = Buffer.from(event);
      res?.write(bytes.subarray(0, -9));
      res?.write(bytes.subarray(-9));
      let got = '';
      while (got !== event) got += (await reader?.read())?.value ?? '';
      expect(heard.deltas.at(-1)?.text).toBe(word);
    }
    res?.end(sse(completed(1, 1)));
  });

  it('lets nobody in without the token of a run that lives, and to nothing but the Responses API', async () => {
    answerUpstream = (_req, res) => streams(sse(completed(1, 1)))(res);
    const access = await open();
    const other = await open('run-2');
    other.revoke();
    for (const token of ['', 'nonsense', other.token]) {
      const refused = await call({ ...access, token });
      expect(refused.status).toBe(401);
      expect(await refused.json()).toMatchObject({
        error: { code: 'invalid_api_key', type: 'invalid_request_error' },
      });
    }
    expect((await call(access, { path: '/files' })).status).toBe(404);
    expect((await call(access, { path: '/responses/../models' })).status).toBe(404);
    expect((await call(access, { method: 'GET', body: null })).status).toBe(405);
    expect(seen).toEqual([]);
    expect((await call(access)).status).toBe(200);
  });

  it.each([
    ['the run ends', (access: ModelAccess) => access.revoke()],
    ['Codex goes away', (_: ModelAccess, client: AbortController) => client.abort()],
  ])('ends the call at the upstream when %s', async (_, end) => {
    let closed = false;
    answerUpstream = (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(sse(textDelta('and on')));
      res.on('close', () => (closed = true));
    };
    const access = await open();
    const client = new AbortController();
    const response = await call(access, { signal: client.signal });
    end(access, client);
    await expect(response.text()).rejects.toThrow();
    await waitFor(() => closed);
    expect(heard.errors).toEqual([]);
  });

  it('bounds the calls of a run and the size of a request', async () => {
    answerUpstream = (req, res) => {
      req.resume();
      res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    };
    const access = await open();
    await Promise.all(Array.from({ length: 8 }, () => call(access)));
    const refused = await call(access);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    const other = await open('run-2');
    const megabyte = new Uint8Array(1024 * 1024);
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull: (to) => (sent++ < 64 ? to.enqueue(megabyte) : to.close()),
    });
    answerUpstream = (req) => req.resume();
    const large = await call(other, { body: endless, duplex: 'half' });
    expect(large.status).toBe(413);
    expect(heard.errors).toEqual(['The conversation is too large to send.']);
  });

  it.each([
    [
      401,
      400,
      { error: { message: `Incorrect API key provided: ${KEY}`, code: 'invalid_api_key' } },
      /refused the key.*CODEX_API_KEY/,
    ],
    [403, 400, { error: { message: `${KEY} may not` } }, /does not allow this: "\[key\] may not"/],
    [
      404,
      400,
      { error: { message: 'The model `x` does not exist', code: 'model_not_found' } },
      /model `x`.*CODEX_MODEL/,
    ],
    [404, 400, 'Not Found', /no Responses API at 127\.0\.0\.1.*CODEX_BASE_URL/],
    [429, 400, { error: { message: 'quota', code: 'insufficient_quota' } }, /quota is used up/],
    [
      429,
      429,
      { error: { message: 'slow down', code: 'rate_limit_exceeded' } },
      /limiting requests\. Wait 7 s/,
    ],
    [500, 500, { error: 'out of memory' }, /problem of its own \(500\): "out of memory"/],
    [
      400,
      400,
      { detail: 'tools are not supported' },
      /refused the request \(400\): "tools are not supported"/,
    ],
  ])(
    'explains an upstream’s %i to the person, and answers Codex %i, so that it tries again only where that helps',
    async (status, answered, body, sentence) => {
      answerUpstream = (_req, res) => {
        res.writeHead(status, { 'retry-after': '7', 'content-type': 'application/json' });
        res.end(typeof body === 'string' ? body : JSON.stringify(body));
      };
      const response = await call(await open());
      const answer = await response.text();
      expect([response.status, response.headers.get('retry-after')]).toEqual([answered, '7']);
      expect(heard.errors).toEqual([expect.stringMatching(sentence)]);
      expect(JSON.parse(answer)).toMatchObject({ error: { message: heard.errors[0] } });
      expect(answer + heard.errors.join()).not.toContain(KEY);
    },
  );

  it('explains failures in the stream, a broken stream, and one that is none', async () => {
    const access = await open();
    const failed = {
      type: 'response.failed',
      response: { error: { code: 'rate_limit_exceeded', message: 'slow' } },
    };
    answerUpstream = (_req, res) => streams(sse(failed))(res);
    await (await call(access)).text();
    expect(heard.errors.pop()).toMatch(/limiting requests/);

    answerUpstream = (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(sse(textDelta('Hel')), () => res.destroy());
    };
    await expect(call(access).then((response) => response.text())).rejects.toThrow();
    await waitFor(() => heard.errors.pop()?.includes('broke off'));

    answerUpstream = (_req, res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
    expect((await call(access)).status).toBe(400);
    expect(heard.errors.pop()).toMatch(/event stream.*\/v1/);
  });

  it('follows no redirect with the key', async () => {
    answerUpstream = (_req, res) => res.writeHead(307, { location: `${upstreamUrl}/elsewhere` }).end();
    const response = await call(await open());
    expect([response.status, seen.length]).toEqual([400, 1]);
    expect(response.headers.get('location')).toBeNull();
    expect(heard.errors).toEqual([expect.stringMatching(/redirects elsewhere/)]);
  });

  it.each([
    ['http://127.0.0.1:1/v1', /Nothing answers at 127\.0\.0\.1:1\..*CODEX_BASE_URL/],
    ['http://no-such-host.invalid/v1', /no-such-host\.invalid could not be resolved/],
  ])('explains an upstream that cannot be reached: %s', async (baseUrl, sentence) => {
    const lost = new ModelProxy({ CODEX_BASE_URL: baseUrl });
    const response = await call(await open('run-1', lost));
    expect(response.status).toBe(502);
    expect(heard.errors).toEqual([expect.stringMatching(sentence)]);
    await lost.onModuleDestroy();
  });

  it('brings the demo model to the real Codex without a key, and hears all that it writes', async () => {
    const demo = new ModelProxy({ DEMO_PACE: 0 });
    const access = await open('run-1', demo);
    const workspace = await createCodexWorkspace(access);
    const turn = await workspace.prompt('Begin');
    await workspace.remove();
    await demo.onModuleDestroy();

    expect(turn.error).toBeUndefined();
    const heardTexts = (itemType: string) => {
      const texts = new Map<string, string>();
      for (const delta of heard.deltas.filter((each) => each.itemType === itemType)) {
        texts.set(delta.streamId, (texts.get(delta.streamId) ?? '') + delta.text);
      }
      return [...texts.values()];
    };
    const itemTexts = (type: string) =>
      turn.items.flatMap((item) => (item.type === type && 'text' in item ? [item.text] : []));
    expect(heardTexts('agent_message')).toEqual(itemTexts('agent_message'));
    expect(heardTexts('reasoning')).toEqual(itemTexts('reasoning'));
    expect(heard.usages.at(-1)).toMatchObject({ input_tokens: expect.any(Number) });
    expect(heard.errors).toEqual([]);
  });
});
