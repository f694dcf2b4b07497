import { createServer, type IncomingMessage, request, type RequestListener, type Server } from 'node:http';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { Config } from '../../../../apps/gateway/src/config.js';
import { startGateway } from '../../../../apps/gateway/src/gateway.js';

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

export interface TestUpstream {
  url: string;
  server: Server;
  stop(): Promise<void>;
}

/** A backend whose answers the test controls. */
export async function startUpstream(listener: RequestListener): Promise<TestUpstream> {
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

/** Creates a web app with these files and compressed copies, like Vite's build. */
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

export interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: string;
}

/** A plain request. Unlike fetch it sends exactly these headers, and optionally another target than the URL's. */
export function send(
  url: string,
  {
    method = 'GET',
    headers = {},
    body,
    target,
  }: { method?: string; headers?: Record<string, string>; body?: string | Buffer; target?: string } = {},
): Promise<Answer> {
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
