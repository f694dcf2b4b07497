import { randomUUID } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { ACTIVITY_MAX_LENGTH, REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { RunStatusActivity } from '@saas-codex/contracts/activity';
import { RunEvent } from '@saas-codex/contracts/events';
import type { Redis } from 'ioredis';
import { startRedis, type TestRedis } from '@saas-codex/testing/redis';
import { waitFor } from '@saas-codex/testing/wait-for';
import { connectRedis } from '@saas-codex/service-kit/redis';
import type { RunLogOwner } from '../src/run-log/run-log-entry.js';
import { LogFencedError } from '../src/run-log/run-log.writer.js';
import { RunLogs } from '../src/run-log/run-logs.js';

const STARTED = { kind: 'prompt', prompt: 'Say hello', model: null, runner: 'spec' } as const;
const ACTIVITY = REDIS_KEYS.activity('local');
const DELTA = { item_type: 'agent_message', stream_id: 's1', text: 'Hel' } as const;

let server: TestRedis;
let redis: Redis;
let logs: RunLogs;
let root: string;

beforeAll(async () => {
  server = await startRedis();
  root = await mkdtemp(join(tmpdir(), 'saas-codex-logs-'));
  redis = connectRedis(server.url);
  logs = new RunLogs(redis, root);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
  await rm(root, { recursive: true });
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
  const entries = await redis.xrange(ACTIVITY, '-', '+');
  return entries
    .map(([, fields]) => RunStatusActivity.parse(JSON.parse(fields[fields.indexOf('event') + 1] ?? '')))
    .filter((activity) => activity.run_id === runId);
}

describe('a writer', () => {
  it('numbers durable events without gaps, with deltas between them, in the order of the calls', async () => {
    const owner = newOwner();
    const log = await logs.startLog(owner, STARTED);
    const writes = [
      log.appendEvent('turn.started', {}),
      log.appendDelta(DELTA),
      log.appendDelta(DELTA),
      log.appendEvent('error', { message: 'a' }),
      log.appendDelta(DELTA),
    ];
    await Promise.all(writes);
    await logs.endLog(owner, 'run.succeeded', {});

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

  it('lets only one of many writers start a log', async () => {
    const owner = newOwner();
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => logs.startLog(owner, STARTED)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of tries) {
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(LogFencedError);
    }
    expect(await statusesOf(owner)).toMatchObject([{ status: 'running', error: null }]);
  });

  it('is refused after something else has ended the log', async () => {
    const owner = newOwner();
    const log = await logs.startLog(owner, STARTED);
    await log.appendEvent('turn.started', {});
    expect(await logs.endLog(owner, 'run.cancelled', { reason: 'Cancelled.' })).toBe(true);
    const late = [
      log.appendEvent('error', { message: 'late' }),
      log.appendDelta(DELTA),
      log.appendEvent('turn.started', {}),
    ];
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

describe('the end of a log', () => {
  it('is written once and reported once, even if many processes try', async () => {
    const owner = newOwner();
    await logs.startLog(owner, STARTED);
    const usage = { input_tokens: 1, cached_input_tokens: 0, output_tokens: 2, reasoning_output_tokens: 0 };
    const answers = await Promise.all([
      logs.endLog(owner, 'run.failed', { reason: 'The model refused.', usage }),
      logs.endLog(owner, 'run.failed', { reason: 'The model refused.', usage }),
      logs.endLog(owner, 'run.failed', { reason: 'The model refused.', usage }),
    ]);
    expect(answers.filter(Boolean)).toHaveLength(1);
    expect((await logOf(owner)).map(({ event }) => event.type)).toEqual(['run.started', 'run.failed']);
    const statuses = await statusesOf(owner);
    expect(statuses).toMatchObject([
      { status: 'running' },
      { status: 'failed', error: 'The model refused.', usage },
    ]);
  });

  it('can be written for a run that never started, which then cannot start', async () => {
    const owner = newOwner();
    expect(await logs.endLog(owner, 'run.cancelled', { reason: 'Cancelled before it began.' })).toBe(true);
    await expect(logs.startLog(owner, STARTED)).rejects.toBeInstanceOf(LogFencedError);
    expect((await logOf(owner)).map(({ id }) => id)).toEqual(['1-0']);
    expect(await statusesOf(owner)).toMatchObject([{ status: 'cancelled' }]);
  });

  it('can be written while a writer is busy, and leaves no gap', async () => {
    const owner = newOwner();
    const log = await logs.startLog(owner, STARTED);
    const writing = Promise.allSettled(
      Array.from({ length: 300 }, (_, n) => log.appendEvent('error', { message: `${n}` })),
    );
    expect(await logs.endLog(owner, 'run.interrupted', { reason: 'Its runner was lost.' })).toBe(true);
    await writing;
    const seqs = (await logOf(owner)).map(({ event }) => event.seq);
    expect(seqs).toEqual(seqs.map((_, index) => index + 1));
    expect((await logOf(owner)).at(-1)?.event.type).toBe('run.interrupted');
  });
});

it("keeps a tenant's activity stream short", async () => {
  await redis.del(ACTIVITY);
  const filling = redis.pipeline();
  for (let n = 0; n < ACTIVITY_MAX_LENGTH + 500; n += 1) filling.xadd(ACTIVITY, '*', 'type', 'x');
  await filling.exec();
  await logs.startLog(newOwner(), STARTED);
  expect(await redis.xlen(ACTIVITY)).toBeLessThan(ACTIVITY_MAX_LENGTH + 200);
});

/** A run with a workspace, and so with a spool. */
async function newSession(): Promise<RunLogOwner> {
  const owner = newOwner();
  await mkdir(join(root, owner.sessionId));
  return owner;
}

describe('a log that was archived', () => {
  const spools = ({ sessionId }: RunLogOwner) => readdir(join(root, sessionId, 'spool'));
  /** Archives the log as the backend does. */
  async function archive(owner: RunLogOwner): Promise<void> {
    await redis.expire(REDIS_KEYS.runEvents(owner.runId), 3_600);
    await logs.spool(owner).remove();
  }

  it('gets no spool from a writer that wakes up later', async () => {
    const owner = await newSession();
    const log = await logs.startLog(owner, STARTED);
    await logs.endLog(owner, 'run.interrupted', { reason: 'Its runner was lost.' });
    expect(await spools(owner)).toEqual([`${owner.runId}.log`]);
    await archive(owner);
    await expect(log.appendEvent('turn.started', {})).rejects.toBeInstanceOf(LogFencedError);
    expect(await spools(owner)).toEqual([]);
  });

  it('gets no spool from a process that ended a run before its start and was suspended until then', async () => {
    const owner = await newSession();
    const standing = redis.duplicate();
    jest.spyOn(standing, 'eval').mockImplementationOnce(async (script, keys, ...args) => {
      const written = await redis.eval(script, keys, ...args);
      await archive(owner);
      return written;
    });
    expect(await new RunLogs(standing, root).endLog(owner, 'run.cancelled', { reason: 'x' })).toBe(true);
    standing.disconnect();
    expect(await spools(owner)).toEqual([]);
  });
});

describe('a Redis that has lost data', () => {
  const keyOf = ({ runId }: RunLogOwner) => REDIS_KEYS.runEvents(runId);
  const durable = async (owner: RunLogOwner) =>
    (await redis.xrange(keyOf(owner), '-', '+')).filter(([id]) => id.endsWith('-0'));
  async function cutBehind(owner: RunLogOwner, last: string): Promise<void> {
    const kept = await redis.xrange(keyOf(owner), '-', last);
    await redis.del(keyOf(owner));
    for (const [id, fields] of kept) await redis.xadd(keyOf(owner), id, ...fields);
  }

  it.each([
    ['all of a log', (owner: RunLogOwner) => redis.del(keyOf(owner))],
    ['its tail', (owner: RunLogOwner) => cutBehind(owner, '2-1')],
  ])('gets back %s from a writer that continues', async (_, lose) => {
    const owner = await newSession();
    const log = await logs.startLog(owner, STARTED);
    await log.appendEvent('turn.started', {});
    await log.appendDelta(DELTA);
    await log.appendEvent('error', { message: 'a line\u2028that is two to some' });
    await log.appendDelta(DELTA);
    const before = await durable(owner);
    await lose(owner);
    await log.appendDelta(DELTA);
    expect(await durable(owner)).toEqual(before);
    await lose(owner);
    await log.appendEvent('error', { message: 'b' });
    expect((await durable(owner)).slice(0, 3)).toEqual(before);
    expect((await logOf(owner)).at(-1)).toMatchObject({ id: '4-0', event: { data: { message: 'b' } } });
  });

  it('gets the log back as soon as it can be reached again, even if the writer writes nothing', async () => {
    const owner = await newSession();
    await logs.startLog(owner, STARTED);
    const before = await durable(owner);
    await redis.del(keyOf(owner));
    redis.disconnect(true);
    await waitFor(async () => (await redis.exists(keyOf(owner))) === 1);
    expect(await durable(owner)).toEqual(before);
  });

  it('gets the log back from the process that ends it', async () => {
    const owner = await newSession();
    const log = await logs.startLog(owner, STARTED);
    await log.appendEvent('turn.started', {});
    await redis.del(keyOf(owner));
    const elsewhere = new RunLogs(redis, root);
    expect(await elsewhere.endLog(owner, 'run.interrupted', { reason: 'Its runner was lost.' })).toBe(true);
    const ended = await logOf(owner);
    expect(ended.map(({ event }) => event.type)).toEqual(['run.started', 'turn.started', 'run.interrupted']);
    await expect(log.appendEvent('turn.started', {})).rejects.toBeInstanceOf(LogFencedError);
    await redis.del(keyOf(owner));
    await elsewhere.refill(owner);
    expect(await logOf(owner)).toEqual(ended);
  });

  it('does not let a run start twice', async () => {
    const owner = await newSession();
    await logs.startLog(owner, STARTED);
    await redis.del(keyOf(owner));
    await expect(new RunLogs(redis, root).startLog(owner, STARTED)).rejects.toBeInstanceOf(LogFencedError);
  });

  it('does not get a line that a crash cut off, but gets all later lines', async () => {
    const owner = await newSession();
    const log = await logs.startLog(owner, STARTED);
    await appendFile(
      join(root, owner.sessionId, 'spool', `${owner.runId}.log`),
      '2 w turn.started {"v":1,"run',
    );
    await log.appendEvent('turn.started', {});
    const before = await durable(owner);
    await redis.del(keyOf(owner));
    await logs.refill(owner);
    expect(await durable(owner)).toEqual(before);
  });
});
