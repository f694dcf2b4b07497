import { HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import { Metrics } from '@saas-codex/service-kit/metrics/metrics';
import { NoTracing } from '@saas-codex/service-kit/tracing/tracing';
import { waitFor } from '@saas-codex/testing/wait-for';
import { ModelProxy } from '../src/model-proxy/model-proxy.service.js';
import { ModelTelemetry } from '../src/model-proxy/model-telemetry.js';
import { startForwardProxy } from '@saas-codex/testing/forward-proxy';
import { KEY, ProxyWorld, sse, streams, textDelta } from '@saas-codex/testing/runner/proxy-world';

describe('the model proxy explains', () => {
  const world = new ProxyWorld();
  beforeAll(() => world.start());
  beforeEach(() => world.reset());
  afterEach(() => world.proxy.onModuleDestroy());
  afterAll(() => world.stop());

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
    'an upstream’s %i to the person and responds to Codex with %i, so that it only retries where that helps',
    async (status, answered, body, sentence) => {
      world.answer = (_req, res) => {
        res.writeHead(status, { 'retry-after': '7', 'content-type': 'application/json' });
        res.end(typeof body === 'string' ? body : JSON.stringify(body));
      };
      const response = await world.call(await world.open());
      const answer = await response.text();
      expect([response.status, response.headers.get('retry-after')]).toEqual([answered, '7']);
      expect(world.heard.errors).toEqual([expect.stringMatching(sentence)]);
      expect(JSON.parse(answer)).toMatchObject({ error: { message: world.heard.errors[0] } });
      expect(answer + world.heard.errors.join()).not.toContain(KEY);
    },
  );

  it('errors in the stream, a broken stream, and a response that is no stream', async () => {
    const access = await world.open();
    const failed = {
      type: 'response.failed',
      response: { error: { code: 'rate_limit_exceeded', message: 'slow' } },
    };
    world.answer = (_req, res) => streams(sse(failed))(res);
    await (await world.call(access)).text();
    expect(world.heard.errors.pop()).toMatch(/limiting requests/);

    world.answer = (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(sse(textDelta('Hel')), () => res.destroy());
    };
    await expect(world.call(access).then((response) => response.text())).rejects.toThrow();
    await waitFor(() => world.heard.errors.pop()?.includes('broke off'));

    world.answer = (_req, res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
    expect((await world.call(access)).status).toBe(400);
    expect(world.heard.errors.pop()).toMatch(/event stream.*\/v1/);
  });

  it('errors without the key, wherever the server repeats it, also in pieces', async () => {
    const access = await world.open();
    world.answer = (_req, res) => {
      res.writeHead(400, { 'x-request-id': KEY, 'x-models-etag': 'other' });
      res.end(JSON.stringify({ error: { message: KEY, type: KEY, code: KEY } }));
    };
    const refused = await world.call(access);
    expect(refused.headers.get('x-models-etag')).toBe('other');
    expect(JSON.stringify([...refused.headers, await refused.text(), world.heard])).not.toContain(KEY);

    const text = sse(textDelta(`${KEY}${KEY.slice(0, 9)}`), { type: 'response.failed', response: {} });
    world.answer = async (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const character of text) await new Promise((done) => res.write(character, done));
      res.end();
    };
    const answer = await (await world.call(access)).text();
    expect(answer).toBe(text.replace(KEY, '[key]'));
  });

  it.each([
    ['http://127.0.0.1:1/v1', /Nothing answers at 127\.0\.0\.1:1\..*CODEX_BASE_URL/],
    ['http://no-such-host.invalid/v1', /no-such-host\.invalid could not be resolved/],
  ])('an upstream that cannot be reached: %s', async (baseUrl, sentence) => {
    const lost = new ModelProxy(
      { CODEX_BASE_URL: baseUrl },
      new ModelTelemetry(new Metrics(undefined), new NoTracing()),
      new HostResolver(),
    );
    const response = await world.call(await world.open('run-1', lost));
    expect(response.status).toBe(502);
    expect(world.heard.errors).toEqual([expect.stringMatching(sentence)]);
    await lost.onModuleDestroy();
  });

  it('a proxy that refuses the connection', async () => {
    const outbound = await startForwardProxy();
    const lost = new ModelProxy(
      { CODEX_BASE_URL: 'https://model.invalid/v1', HTTPS_PROXY: outbound.url },
      new ModelTelemetry(new Metrics(undefined), new NoTracing()),
      new HostResolver(),
    );
    const response = await world.call(await world.open('run-1', lost));
    expect(response.status).toBe(502);
    const sentence = /^The model server at model\.invalid .* the proxy 127\.0\.0\.1:\d+ \(PROXY_502\)/;
    expect(world.heard.errors).toEqual([expect.stringMatching(sentence)]);
    expect(outbound.seen).toEqual(['CONNECT model.invalid:443']);
    await lost.onModuleDestroy();
    await outbound.stop();
  });
});
