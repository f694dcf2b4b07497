import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { ApiRefusal, createClient, type RunLogEntry } from '@saas-codex/client';
import { SessionsWorld } from '@saas-codex/testing/backend/sessions-world';
import { TcpProxy } from '@saas-codex/testing/faults/tcp-proxy';
import { build } from '../../scripts/lib/build.mjs';

/** Runs the client and examples/client against a real backend, runner and Codex. */

let world: SessionsWorld;
let proxy: TcpProxy;

beforeAll(async () => {
  await build(resolve(import.meta.dirname, '../..'), { only: ['client'] });
  world = await SessionsWorld.create();
  await world.startRunner();
  proxy = await TcpProxy.start('client', [Number(new URL(world.backend.url).port)]);
});
afterAll(async () => {
  await proxy.stop();
  await world.destroy();
});

const connect = (token = world.backend.ownerToken) =>
  createClient({ baseUrl: `http://127.0.0.1:${proxy.port}`, token });

async function startRun(prompt: string): Promise<string> {
  const { api } = connect();
  const session = await api.POST('/api/sessions', { body: {} });
  const params = { path: { session_id: session.data!.session_id } };
  const run = await api.POST('/api/sessions/{session_id}/prompt', { params, body: { prompt } });
  return run.data!.run_id;
}

test('the example opens a session, prompts, prints the items and the result', async () => {
  const child = spawn(process.execPath, ['prompt.mjs', 'Note this'], {
    cwd: resolve(import.meta.dirname, '../../examples/client'),
    env: {
      PATH: process.env['PATH'],
      SAAS_CODEX_URL: world.backend.url,
      SAAS_CODEX_TOKEN: world.backend.ownerToken,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  expect(code).toBe(0);
  expect(output).toContain(`text: 'Noted.'`);
  expect(output).toMatch(/succeeded \{\s+final_message: 'Noted\.'/);
});

test('a run is followed over lost connections, with each event once and in order, to its end', async () => {
  const runId = await startRun('Hold this');
  const seen: RunLogEntry[] = [];
  const resets = new Set(['1', '3']);
  for await (const entry of connect().followRun(runId)) {
    seen.push(entry);
    if (resets.delete(entry.id)) proxy.reset();
    if (entry.type === 'turn.started') {
      proxy.reset();
      await connect().api.POST('/api/runs/{run_id}/cancel', { params: { path: { run_id: runId } } });
    }
  }
  expect(proxy.met.reset).toBeGreaterThanOrEqual(3);
  const log = await world.log(runId);
  const durable = seen.filter(({ id }) => !id.includes('-'));
  expect(durable.map(({ event }) => event)).toEqual(log.filter(({ type }) => type !== 'item.delta'));
  expect(durable.at(-1)?.type).toBe('run.cancelled');

  const rest: RunLogEntry[] = [];
  for await (const entry of connect().followRun(runId, { after: '2' })) rest.push(entry);
  expect(rest.filter(({ id }) => !id.includes('-'))).toEqual(durable.slice(2));
  const none: RunLogEntry[] = [];
  for await (const entry of connect().followRun(runId, { after: durable.at(-1)!.id })) none.push(entry);
  expect(none).toEqual([]);
});

test('a refusal is thrown with its problem, and a signal ends the reading', async () => {
  const unknown = connect().followRun('01900000-0000-7000-8000-000000000000');
  await expect(unknown.next()).rejects.toMatchObject({ status: 404, problem: { code: 'run_not_found' } });
  const runId = await startRun('Hold this');
  await expect(connect('not a token').followRun(runId).next()).rejects.toBeInstanceOf(ApiRefusal);
  const stop = new AbortController();
  const events = connect().followRun(runId, { signal: stop.signal });
  await events.next();
  stop.abort(new Error('enough'));
  await expect(
    (async () => {
      for await (const entry of events) expect(entry.id).toBeTruthy();
    })(),
  ).rejects.toThrow('enough');
  await connect().api.POST('/api/runs/{run_id}/cancel', { params: { path: { run_id: runId } } });
  await world.runIs(runId, 'cancelled');
});
