import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import type { SystemInfo } from '@saas-codex/contracts/system';
import { startScriptedModel } from '@saas-codex/scripted-model/scripted-model';
import { freePort } from '../../scripts/lib/ports.mjs';
import { startSystem } from '@saas-codex/testing/system';
import { waitFor } from '@saas-codex/testing/wait-for';

/** The promises of `npm start` to the person who runs it. */

const REFUSED = '.data/test-refused';
afterAll(() => rm(resolve(import.meta.dirname, '../..', REFUSED), { recursive: true, force: true }));

/** Starts the launcher, which must fail. @returns its output */
function refusal(environment: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, ['scripts/start.mjs'], {
    cwd: resolve(import.meta.dirname, '../..'),
    env: { PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: REFUSED, ...environment },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolvePromise, reject) => {
    child.once('exit', (code) =>
      code === 1 ? resolvePromise(output) : reject(new Error(`${code}: ${output}`)),
    );
  });
}

test('the launcher reports an invalid setting or a taken port in one sentence', async () => {
  const said = await refusal({ GATEWAY_PORT: 'nine', CODEX_BASE_URL: 'ftp://models' });
  expect(said).toMatch(/^GATEWAY_PORT is not a number: it must be an integer from 1 to 65535\.$/m);
  expect(said).toMatch(
    /^CODEX_BASE_URL is not valid: it must be an http:\/\/ or https:\/\/ address, such as .*\.$/m,
  );

  const server = createServer();
  const port = await new Promise<number>((done) =>
    server.listen(0, '127.0.0.1', () => done((server.address() as { port: number }).port)),
  );
  const ports = { GATEWAY_PORT: `${await freePort()}`, BACKEND_PORT: `${port}` };
  expect(await refusal(ports)).toContain(`Port ${port} is taken`);
  server.close();
});

test('a custom Responses server gets its own key, and SIGTERM ends every process', async () => {
  const model = await startScriptedModel({
    scenarios: [
      { name: 'refusal', match: 'refuse', steps: [{ do: 'error', status: 401 }] },
      { name: 'greeting', steps: [{ do: 'message', text: 'Hello from elsewhere' }] },
    ],
    pace: 0,
  });
  const settings = { CODEX_BASE_URL: model.baseUrl, CODEX_API_KEY: 'sk-canary-of-the-model-key' };
  const system = await startSystem(settings, { isNew: true });
  try {
    const json = async <T>(path: string, body?: unknown): Promise<T> =>
      (
        await system.api(path, body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) })
      ).json() as Promise<T>;
    expect(await json<SystemInfo>('/api/system')).toMatchObject({ model_source: 'compatible' });
    const session = await json<Session>('/api/sessions', {});
    const work = async (prompt: string): Promise<Run> => {
      const { run_id } = await json<Run>(`/api/sessions/${session.session_id}/prompt`, { prompt });
      return waitFor(async () => {
        const now = await json<Run>(`/api/runs/${run_id}`);
        return now.ended_at ? now : undefined;
      });
    };
    expect(await work('Hi')).toMatchObject({ status: 'succeeded', error: null });
    expect(model.requests.at(-1)?.headers.authorization).toBe('Bearer sk-canary-of-the-model-key');

    const asked = model.requests.length;
    expect(await work('Please refuse')).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('refused the key'),
    });
    expect(model.requests).toHaveLength(asked + 1);
    expect(new Set(system.pids().keys())).toEqual(
      new Set(['gateway', 'backend', 'runner', 'postgres', 'redis']),
    );
  } finally {
    await system.stop();
    await model.close();
  }
  expect([...system.pids()]).toEqual([]);
});
