import { randomUUID } from 'node:crypto';
import { ACTIVITY_MAX_LENGTH, REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { RunStatusActivity } from '@saas-codex/contracts/activity';
import { RunEvent } from '@saas-codex/contracts/events';
import type { Redis } from 'ioredis';
import { startRedis, type TestRedis } from '../../../../tests/support/redis.js';
import { connectRedis } from '../redis.js';
import { endRunLog, LogFencedError, type RunLogOwner, RunLogWriter } from './run-log.writer.js';

const STARTED = { kind: 'prompt', prompt: 'Say hello', model: null, runner: 'spec' } as const;
const DELTA = { item_type: 'agent_message', stream_id: 's1', text: 'Hel' } as const;

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  redis = connectRedis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const newOwner = (): RunLogOwner => ({ runId: randomUUID(), sessionId: randomUUID(), tenantId: 'local' });

async function logOf({ runId }: RunLogOwner): Promise<{ id: string; event: RunEvent }[]> {
  const entries = await redis.xrange(REDIS_KEYS.runEvents(runId), '-', '+');
  return entries.map(([id, fields]) => ({
    id,
    event: RunEvent.parse(JSON.parse(fields[fields.indexOf('event') + 1] ?? '')),
  }));
}

async function statusesOf({ runId }: RunLogOwner): Promise<RunStatusActivity[]> {
  const entries = await redis.xrange(REDIS_KEYS.activity, '-', '+');
  return entries
    .map(([, fields]) => RunStatusActivity.parse(JSON.parse(fields[fields.indexOf('event') + 1] ?? '')))
    .filter((activity) => activity.run_id === runId);
}

describe('RunLogWriter', () => {
  it('numbers durable events without a hole and deltas between them, in the order of the calls', async () => {
    const owner = newOwner();
    const log = await RunLogWriter.start(redis, owner, STARTED);
    const writes = [
      log.append('turn.started', {}),
      log.delta(DELTA),
      log.delta(DELTA),
      log.append('error', { message: 'a' }),
      log.delta(DELTA),
    ];
    await Promise.all(writes);
    await endRunLog(redis, owner, 'run.succeeded', {});

    const entries = await logOf(owner);
    expect(entries.map(({ id, event }) => [id, event.seq, event.type])).toEqual([
      ['1-0', 1, 'run.started'],
      ['2-0', 2, 'turn.started'],
      ['2-1', 2, 'item.delta'],
      ['2-2', 2, 'item.delta'],
      ['3-0', 3, 'error'],
      ['3-1', 3, 'item.delta'],
      ['4-0', 4, 'run.succeeded'],
    ]);
    expect(log.lastSeq).toBe(3);
  });

  it('opens the log of a run for one of many that try', async () => {
    const owner = newOwner();
    const tries = await Promise.allSettled(
      Array.from({ length: 8 }, () => RunLogWriter.start(redis, owner, STARTED)),
    );
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of tries) {
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(LogFencedError);
    }
    expect(await statusesOf(owner)).toMatchObject([{ status: 'running', error: null }]);
  });

  it('refuses whatever a writer still writes once the log was ended by someone else', async () => {
    const owner = newOwner();
    const log = await RunLogWriter.start(redis, owner, STARTED);
    await log.append('turn.started', {});
    expect(await endRunLog(redis, owner, 'run.cancelled', { reason: 'Cancelled.' })).toBe(true);
    const late = [log.append('error', { message: 'late' }), log.delta(DELTA), log.append('turn.started', {})];
    for (const outcome of await Promise.allSettled(late)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(LogFencedError) });
    }
    expect((await logOf(owner)).map(({ event }) => event.type)).toEqual([
      'run.started',
      'turn.started',
      'run.cancelled',
    ]);
  });
});

describe('endRunLog', () => {
  it('ends a log once, whoever tries, and reports the status once', async () => {
    const owner = newOwner();
    await RunLogWriter.start(redis, owner, STARTED);
    const usage = { input_tokens: 1, cached_input_tokens: 0, output_tokens: 2, reasoning_output_tokens: 0 };
    const answers = await Promise.all([
      endRunLog(redis, owner, 'run.failed', { reason: 'The model refused.', usage }),
      endRunLog(redis, owner, 'run.failed', { reason: 'The model refused.', usage }),
      endRunLog(redis, owner, 'run.failed', { reason: 'The model refused.', usage }),
    ]);
    expect(answers.filter(Boolean)).toHaveLength(1);
    expect((await logOf(owner)).map(({ event }) => event.type)).toEqual(['run.started', 'run.failed']);
    const statuses = await statusesOf(owner);
    expect(statuses).toMatchObject([
      { status: 'running' },
      { status: 'failed', error: 'The model refused.', usage },
    ]);
  });

  it('ends the log of a run that never started, which then cannot start', async () => {
    const owner = newOwner();
    expect(await endRunLog(redis, owner, 'run.cancelled', { reason: 'Cancelled before it began.' })).toBe(
      true,
    );
    await expect(RunLogWriter.start(redis, owner, STARTED)).rejects.toBeInstanceOf(LogFencedError);
    expect((await logOf(owner)).map(({ id }) => id)).toEqual(['1-0']);
    expect(await statusesOf(owner)).toMatchObject([{ status: 'cancelled' }]);
  });

  it('ends a log under the hands of a busy writer, and keeps it without a hole', async () => {
    const owner = newOwner();
    const log = await RunLogWriter.start(redis, owner, STARTED);
    const writing = Promise.allSettled(
      Array.from({ length: 300 }, (_, n) => log.append('error', { message: `${n}` })),
    );
    expect(await endRunLog(redis, owner, 'run.interrupted', { reason: 'Its runner was lost.' })).toBe(true);
    await writing;
    const seqs = (await logOf(owner)).map(({ event }) => event.seq);
    expect(seqs).toEqual(seqs.map((_, index) => index + 1));
    expect((await logOf(owner)).at(-1)?.event.type).toBe('run.interrupted');
  });
});

it('keeps codex:activity short', async () => {
  await redis.del(REDIS_KEYS.activity);
  const filling = redis.pipeline();
  for (let n = 0; n < ACTIVITY_MAX_LENGTH + 500; n += 1) filling.xadd(REDIS_KEYS.activity, '*', 'type', 'x');
  await filling.exec();
  await RunLogWriter.start(redis, newOwner(), STARTED);
  expect(await redis.xlen(REDIS_KEYS.activity)).toBeLessThan(ACTIVITY_MAX_LENGTH + 200);
});
