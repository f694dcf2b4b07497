import { createServer, type IncomingMessage, request, type RequestListener, type Server } from 'node:http';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { Config } from '../../../../apps/gateway/src/config.js';
import { startGateway } from '../../../../apps/gateway/src/gateway.js';
import { startRedis } from '../redis.js';

export interface TestGateway {
  url: string;
  stop(): Promise<void>;
}

export async function startTestGateway(settings: Record<string, string>): Promise<TestGateway> {
  const config = Config.parse({
    PORT: '0',
    LOG_LEVEL: 'silent',
    PUBLIC_URL: 'http://codex.example',
    ...settings,
  });
  const app = await startGateway(config);
  return { url: await app.getUrl(), stop: () => app.close() };
}

export interface FakeBackend {
  url: string;
  server: Server;
  stop(): Promise<void>;
}

/** Starts a backend whose responses the test decides. */
export async function startFakeBackend(listener: RequestListener): Promise<FakeBackend> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A gateway with its own Redis and a fake backend. */
export interface GatewayWorld {
  /** URL of the gateway. */
  url: string;
  backend: FakeBackend;
  /** For another gateway with the same backend and Redis. */
  settings: { BACKEND_URL: string; REDIS_URL: string };
  stop(): Promise<void>;
}

export async function startGatewayWorld(
  listener: RequestListener,
  extraSettings: Record<string, string> = {},
): Promise<GatewayWorld> {
  const redis = await startRedis();
  const backend = await startFakeBackend(listener);
  const settings = { BACKEND_URL: backend.url, REDIS_URL: redis.url };
  const gateway = await startTestGateway({ ...settings, ...extraSettings });
  return {
    url: gateway.url,
    backend,
    settings,
    stop: async () => {
      await gateway.stop();
      await backend.stop();
      await redis.stop();
    },
  };
}

/** Writes a web app with these files and their compressed versions, as Vite's build does. */
export async function buildWebApp(
  files: Record<string, string>,
): Promise<{ root: string; remove(): Promise<void> }> {
  const root = await mkdtemp(join(tmpdir(), 'saas-codex-web-'));
  await mkdir(join(root, 'assets'));
  for (const [path, content] of Object.entries(files)) {
    await writeFile(join(root, path), content);
    await writeFile(join(root, `${path}.gz`), gzipSync(content));
    await writeFile(join(root, `${path}.br`), brotliCompressSync(content));
  }
  return { root, remove: () => rm(root, { recursive: true, force: true }) };
}

interface RawResponse {
  status: number;
  headers: IncomingMessage['headers'];
  body: string;
}

/** Sends a plain request. Unlike fetch, it sends exactly these headers, and `target` as the request target if given. */
export function sendRaw(
  url: string,
  {
    method = 'GET',
    headers = {},
    body,
    target,
  }: { method?: string; headers?: Record<string, string>; body?: string | Buffer; target?: string } = {},
): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const req = request(
      url,
      { method, headers, agent: false, ...(target && { path: target }) },
      async (res) => {
        const chunks: Buffer[] = [];
        for await (const chunk of res) chunks.push(chunk as Buffer);
        resolve({
          status: res.statusCode ?? 0,
          headers: res.headers,
          body: Buffer.concat(chunks).toString(),
        });
      },
    );
    req.on('error', reject);
    req.end(body);
  });
}
