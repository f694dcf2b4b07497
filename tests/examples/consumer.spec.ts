import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { RunEvent } from '@saas-codex/contracts/events';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { connectRedis } from '@saas-codex/service-kit/redis';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import type { Redis } from 'ioredis';
import { startRedis, type TestRedis } from '@saas-codex/testing/redis';
import { waitFor } from '@saas-codex/testing/wait-for';

/** Runs examples/consumer as separate processes on logs that the platform writes. */

const TENANT = 'local';
const GROUP = 'spec';
const ACTIVITY = REDIS_KEYS.activity(TENANT);
const IDS = ['1-0', '1-1', '2-0', '3-0'];

let server: TestRedis;
let redis: Redis;
let root: string;
let logs: RunLogs;
const started: Program[] = [];

beforeAll(async () => {
  server = await startRedis();
  redis = connectRedis(server.url);
  root = await mkdtemp(join(tmpdir(), 'saas-codex-example-'));
  logs = new RunLogs(redis, root);
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((program) => program.end('SIGTERM')));
  await redis.flushall();
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
  await rm(root, { recursive: true });
});

interface Program {
  child: ChildProcess;
  /** The ids and events that it printed for this run. Events must match the contracts. */
  idsOf(runId: string): string[];
  end(signal: NodeJS.Signals): Promise<void>;
}

function start(...args: string[]): Program {
  const child = spawn(process.execPath, args, {
    cwd: resolve(import.meta.dirname, '../../examples/consumer'),
    env: { PATH: process.env['PATH'], REDIS_URL: server.url },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const program: Program = {
    child,
    idsOf: (runId) =>
      output
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as { id: string; event: unknown })
        .filter(({ event }) => RunEvent.parse(event).run_id === runId)
        .map(({ id }) => id),
    async end(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    },
  };
  started.push(program);
  return program;
}

const startRun = async () => {
  const owner = { runId: randomUUID(), sessionId: randomUUID(), tenantId: TENANT };
  const data = { kind: 'prompt', prompt: 'Hi', model: null, runner: 'spec' } as const;
  return { owner, log: await logs.startLog(owner, data) };
};

/** A run with the entries IDS. */
async function writeRun(): Promise<string> {
  const { owner, log } = await startRun();
  await log.appendDelta({ item_type: 'agent_message', stream_id: 's', text: 'Hel' });
  await log.appendEvent('turn.started', {});
  await logs.endLog(owner, 'run.succeeded', {});
  return owner.runId;
}

const pending = async () => ((await redis.xpending(ACTIVITY, GROUP)) as [number])[0];

it('prints the whole log of each run that ended before or after it started, and acknowledges', async () => {
  const before = await writeRun();
  const consumer = start('main.mjs', TENANT, GROUP, 'a');
  await waitFor(() => consumer.idsOf(before).length === IDS.length);
  const since = await writeRun();
  await waitFor(() => consumer.idsOf(since).length === IDS.length);
  expect([consumer.idsOf(before), consumer.idsOf(since)]).toEqual([IDS, IDS]);
  await waitFor(async () => (await pending()) === 0);
});

it('does not wait for the logs of old runs, which have expired', async () => {
  const old = await Promise.all(Array.from({ length: 20 }, writeRun));
  await redis.del(old.map((runId) => REDIS_KEYS.runEvents(runId)));
  const runId = await writeRun();
  const consumer = start('main.mjs', TENANT, GROUP, 'a');
  await waitFor(() => consumer.idsOf(runId).length === IDS.length);
  await waitFor(async () => (await pending()) === 0);
});

it('handles the entries that it had received before it was killed', async () => {
  const runId = await writeRun();
  await redis.xgroup('CREATE', ACTIVITY, GROUP, '0');
  await redis.xreadgroup('GROUP', GROUP, 'a', 'STREAMS', ACTIVITY, '>');
  expect(await pending()).toBe(2);
  const consumer = start('main.mjs', TENANT, GROUP, 'a');
  await waitFor(async () => (await pending()) === 0);
  expect(consumer.idsOf(runId)).toEqual(IDS);
});

it('continues after Redis was killed, and after Redis restarted empty and without its group', async () => {
  const consumer = start('main.mjs', TENANT, GROUP, 'a');
  const first = await writeRun();
  await waitFor(() => consumer.idsOf(first).length > 0);
  await server.restart();
  const second = await writeRun();
  await waitFor(() => consumer.idsOf(second).length === IDS.length);
  await redis.flushall();
  const third = await writeRun();
  await waitFor(() => consumer.idsOf(third).length === IDS.length);
  expect(consumer.idsOf(third)).toEqual(IDS);
});

it('follows one run live, from its start or after an id, and ends with it', async () => {
  const { owner, log } = await startRun();
  const [whole, rest] = [start('follow.mjs', owner.runId), start('follow.mjs', owner.runId, '2-0')];
  await waitFor(() => whole.idsOf(owner.runId).length === 1);
  await log.appendEvent('turn.started', {});
  await logs.endLog(owner, 'run.cancelled', { reason: 'Cancelled.' });
  for (const { child } of [whole, rest]) await waitFor(() => child.exitCode === 0);
  expect(whole.idsOf(owner.runId)).toEqual(['1-0', '2-0', '3-0']);
  expect(rest.idsOf(owner.runId)).toEqual(['3-0']);
});
