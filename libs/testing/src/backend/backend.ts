import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { createDatabase } from '../postgres.js';
import { startRedis } from '../redis.js';
import { startBackend as start } from '../../../../apps/backend/src/backend.js';
import { Config } from '../../../../apps/backend/src/config.js';

export interface TestBackend {
  app: NestExpressApplication;
  url: string;
  ownerToken: string;
  config: Config;
  /** Calls the backend as its owner. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** POSTs JSON as the owner. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Closes the app; its database, Redis and folders stay, so that `startBackend(config)` finds everything again. */
  close(): Promise<void>;
  /** Closes the app and removes everything that was created for it. */
  stop(): Promise<void>;
}

/** The runner's address in specs that need no runner: nothing listens on port 9 (discard) of loopback. */
const NO_RUNNER = 'http://127.0.0.1:9';

/**
 * Starts the real backend in this process on a free port, with a database, a Redis and folders of its own, unless
 * `overrides` names others.
 */
export async function startBackend(
  overrides: Partial<Record<keyof Config, string>> = {},
): Promise<TestBackend> {
  const cleanups: (() => Promise<unknown>)[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'saas-codex-backend-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const [database, redis] = await Promise.all([
    overrides.DATABASE_URL === undefined ? createDatabase() : undefined,
    overrides.REDIS_URL === undefined ? startRedis() : undefined,
  ]);
  if (database) cleanups.push(() => database.drop());
  if (redis) cleanups.push(() => redis.stop());
  const config = Config.parse({
    PORT: '0',
    LOG_LEVEL: 'silent',
    DATABASE_URL: database?.url,
    REDIS_URL: redis?.url,
    RUNNER_URL: NO_RUNNER,
    WORKSPACES_ROOT: join(folder, 'workspaces'),
    SERVICE_TOKEN: 'service-token-of-the-specs-0123456789',
    AUTH_SECRET: 'auth-secret-of-the-specs-0123456789abc',
    PUBLIC_URL: 'http://localhost:9100',
    OWNER_TOKEN_FILE: join(folder, 'owner-token'),
    SECRETS_KEY_FILE: join(folder, 'secrets-key'),
    // Specs send all their requests from one address.
    RATE_LIMIT_PER_MINUTE: '1000000',
    SIGN_IN_LIMIT_PER_MINUTE: '1000000',
    ...overrides,
  });
  const app = await start(config);
  // Nest fails when it is closed twice.
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= app.close());
  const url = await app.getUrl();
  const ownerToken = (await readFile(config.OWNER_TOKEN_FILE, 'utf8')).trim();
  const fetchAsOwner = (path: string, { headers, ...init }: RequestInit = {}) =>
    fetch(url + path, {
      ...init,
      headers: { authorization: `Bearer ${ownerToken}`, ...Object.fromEntries(new Headers(headers)) },
    });
  return {
    app,
    url,
    ownerToken,
    config,
    fetch: fetchAsOwner,
    post: (path, body, headers = {}) =>
      fetchAsOwner(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    close,
    async stop() {
      await close();
      await Promise.all(cleanups.map((cleanup) => cleanup()));
    },
  };
}

/** Ends a backend, and starts another one with what it has left. To stop that one stops both. @param settings beside those */
export async function restartBackend(
  { config, ownerToken, close, stop }: TestBackend,
  settings: Partial<Record<keyof Config, string>>,
): Promise<TestBackend> {
  await close();
  const { DATABASE_URL, REDIS_URL, WORKSPACES_ROOT, OWNER_TOKEN_FILE, SECRETS_KEY_FILE } = config;
  const left = { DATABASE_URL, REDIS_URL, WORKSPACES_ROOT, OWNER_TOKEN_FILE, SECRETS_KEY_FILE };
  const next = await startBackend({ ...left, ...settings });
  const stopBoth = async () => {
    await next.stop();
    await stop();
  };
  return { ...next, ownerToken, stop: stopBoth };
}
