import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingMessage, request, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { NETWORK_OFF } from '@saas-codex/contracts/network';
import { HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import { Metrics } from '@saas-codex/service-kit/metrics/metrics';
import { NoTracing } from '@saas-codex/service-kit/tracing/tracing';
import { ModelProxy } from '../src/model-proxy/model-proxy.service.js';
import { type ConnectionHandlers, listenOnSocket } from '../src/sandbox/listener/http-listener.js';
import { NO_SECRETS } from '../src/redaction/redactor.js';
import { ModelTelemetry } from '../src/model-proxy/model-telemetry.js';
import { type ScriptedModel, startScriptedModel } from '@saas-codex/scripted-model/scripted-model';

const KEY = 'sk-the-real-key-0123456789';
/** Stands in for the egress proxy. */
const beside: RequestListener = (req, res) => void res.writeHead(418).end(req.url);
const BODY = JSON.stringify({ model: 'm', stream: true, input: [] });

describe("a run's own socket at the model proxy", () => {
  let folder: string;
  let model: ScriptedModel;
  let proxy: ModelProxy;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'saas-codex-test-'));
    model = await startScriptedModel({
      scenarios: [{ name: 'any', steps: [{ do: 'message', text: 'Hello.' }] }],
      apiKey: KEY,
    });
    proxy = new ModelProxy(
      { CODEX_API_KEY: KEY, CODEX_BASE_URL: model.baseUrl },
      new ModelTelemetry(new Metrics(undefined), new NoTracing()),
      new HostResolver(),
    );
  });
  afterAll(async () => {
    await proxy.onModuleDestroy();
    await model.close();
    await rm(folder, { recursive: true });
  });

  const open = async (runId: string, onUsage = () => undefined) => {
    const path = join(folder, runId);
    const serve = (handlers: ConnectionHandlers) => listenOnSocket(handlers, path);
    const socket = { path, origin: 'http://127.0.0.1:1', serve };
    const ignore = () => undefined;
    const listener = {
      onUsage,
      onUpstreamError: ignore,
      onRefused: ignore,
      onRejectedCommand: ignore,
      onLimitReached: ignore,
      onLimitLifted: ignore,
    };
    const owner = {
      runId,
      tenantId: 'tenant-1',
      network: NETWORK_OFF,
      model: null,
      redactor: NO_SECRETS,
      modelServer: null,
      traceparent: null,
      ledger: null,
    };
    return { socket, access: await proxy.openSocketAccess(owner, listener, socket, { request: beside }) };
  };

  async function call(socketPath: string, path: string, method = 'POST') {
    const outgoing = request({ socketPath, path, method, headers: { 'content-type': 'application/json' } });
    outgoing.end(method === 'POST' ? BODY : undefined);
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    return { status: response.statusCode, body: await text(response) };
  }

  it('needs no token and reveals none', async () => {
    const { socket, access } = await open('run-1');
    expect(access).toMatchObject({ baseUrl: 'http://127.0.0.1:1/v1', token: null });
    const { status, body } = await call(socket.path, '/v1/responses');
    expect(status).toBe(200);
    expect(body).toContain('Hello.');
    expect(body).not.toContain(KEY);
    expect(model.requests.at(-1)?.headers.authorization).toBe(`Bearer ${KEY}`);
  });

  it('serves the Responses API and nothing else', async () => {
    const { socket } = await open('run-2');
    const before = model.requests.length;
    for (const path of ['/v1/models', '/v1/files', '/gates/x', '/', '/v1/responses/../models'])
      expect(await call(socket.path, path)).toMatchObject({ status: 404 });
    expect(await call(socket.path, '/v1/responses', 'GET')).toMatchObject({ status: 405 });
    expect(model.requests).toHaveLength(before);
  });

  it('passes proxy requests to the egress proxy', async () => {
    const { socket } = await open('run-6');
    const before = model.requests.length;
    for (const url of ['http://127.0.0.1:1/v1/responses', 'HTTP://x/', 'https://x/v1/responses'])
      expect(await call(socket.path, url)).toEqual({ status: 418, body: url });
    expect(model.requests).toHaveLength(before);
  });

  it('meters usage for its own run', async () => {
    const usages: string[] = [];
    const one = await open('run-3', () => void usages.push('run-3'));
    await open('run-4', () => void usages.push('run-4'));
    await call(one.socket.path, '/v1/responses');
    expect(usages).toEqual(['run-3']);
  });

  it('is removed when the run has ended', async () => {
    const { socket, access } = await open('run-5');
    await access.revoke();
    await expect(call(socket.path, '/v1/responses')).rejects.toThrow('ENOENT');
  });
});
