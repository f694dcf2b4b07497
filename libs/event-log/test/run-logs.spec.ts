import { randomUUID } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { ACTIVITY_MAX_BYTES, ACTIVITY_MAX_LENGTH, REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { RunStatusActivity } from '@saas-codex/contracts/activity';
import { RunEvent } from '@saas-codex/contracts/events';
import type { Redis } from 'ioredis';
import { startRedis, type TestRedis } from '@saas-codex/testing/redis';
import { waitFor } from '@saas-codex/testing/wait-for';
import { connectRedis } from '@saas-codex/service-kit/redis';
import type { RunLogOwner } from '../src/run-log/run-log-entry.js';
import { publishActivity } from '../src/activity/activity-stream.js';
import { TOTAL_FIELD } from '../src/run-log/run-log-account.js';
import { LogFencedError, LogsFullError, type RunLogWriter } from '../src/run-log/run-log.writer.js';
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

it("keeps a tenant's activity stream small, however large its activities are", async () => {
  const tenantId = randomUUID();
  const activity: RunStatusActivity = {
    v: 1,
    type: 'run.status',
    tenant_id: tenantId,
    session_id: randomUUID(),
    run_id: randomUUID(),
    at: new Date().toISOString(),
    status: 'failed',
    error: null,
    usage: null,
  };
  for (let n = 0; n < 600; n += 1)
    await publishActivity(redis, { ...activity, error: `${n} `.padEnd(64 * 1024, 'x') });
  const key = REDIS_KEYS.activity(tenantId);
  expect(await redis.memory('USAGE', key, 'SAMPLES', 0)).toBeLessThan(1.1 * ACTIVITY_MAX_BYTES);
  expect(await redis.xlen(key)).toBeGreaterThan(100);
  const [[, fields]] = (await redis.xrevrange(key, '+', '-', 'COUNT', 1)) as [[string, string[]]];
  expect(fields.join()).toContain('"error":"599 ');
});

/** A run with a workspace, and so with a spool. */
async function newSession(tenantId = 'local'): Promise<RunLogOwner> {
  const owner = { ...newOwner(), tenantId };
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

describe("the logs of a tenant's runs", () => {
  const MOST = 64 * 1024;
  const message = 'x'.repeat(4_000);
  let limited: RunLogs;
  beforeAll(() => (limited = new RunLogs(redis, root, MOST)));

  const taken = async ({ tenantId }: RunLogOwner) =>
    Number(await redis.hget(REDIS_KEYS.logBytes(tenantId), TOTAL_FIELD));
  const inRedis = ({ runId }: RunLogOwner) => redis.exists(REDIS_KEYS.runEvents(runId));
  /** Writes events until one is refused. @returns how many were written */
  async function fill(log: RunLogWriter): Promise<number> {
    for (let written = 0; ; written += 1) {
      const refusal = await log.appendEvent('error', { message }).then(
        () => null,
        (error: unknown) => error,
      );
      if (refusal === null) continue;
      expect(refusal).toBeInstanceOf(LogsFullError);
      return written;
    }
  }
  async function archivedLog(tenantId: string, expirySeconds: number): Promise<RunLogOwner> {
    const owner = await newSession(tenantId);
    const log = await limited.startLog(owner, STARTED);
    for (let n = 0; n < 4; n += 1) await log.appendEvent('error', { message });
    await limited.endLog(owner, 'run.succeeded', {});
    await redis.expire(REDIS_KEYS.runEvents(owner.runId), expirySeconds);
    await limited.setArchived(owner, expirySeconds);
    return owner;
  }

  it('do not grow beyond its limit: the run that writes on is refused, and loses nothing', async () => {
    const owner = await newSession(randomUUID());
    const log = await limited.startLog(owner, STARTED);
    const written = await fill(log);
    expect(written).toBeGreaterThan(10);
    expect(await taken(owner)).toBeLessThanOrEqual(MOST);
    const other = await limited.startLog(await newSession(randomUUID()), STARTED);
    await other.appendEvent('error', { message });

    await limited.endLog(owner, 'run.failed', { reason: 'full' });
    const types = (await logOf(owner)).map(({ event }) => event.type);
    // The event that was refused too.
    expect(types).toEqual(['run.started', ...Array(written + 1).fill('error'), 'run.failed']);
  });

  it('drop deltas when they are full, and take the next event once there is room', async () => {
    const tenantId = randomUUID();
    const writing = await newSession(tenantId);
    const log = await limited.startLog(writing, STARTED);
    const full = await newSession(tenantId);
    await fill(await limited.startLog(full, STARTED));
    await log.appendDelta({ ...DELTA, text: message });
    await limited.removeLog(full);
    await log.appendEvent('error', { message });
    expect((await logOf(writing)).map(({ id }) => id)).toEqual(['1-0', '2-0']);
  });

  it('leave Redis early when they are archived and others need the room, the oldest first', async () => {
    const tenantId = randomUUID();
    const newer = await archivedLog(tenantId, 7_200);
    const older = await archivedLog(tenantId, 3_600);
    const owner = await newSession(tenantId);
    const log = await limited.startLog(owner, STARTED);
    while ((await inRedis(older)) === 1) await log.appendEvent('error', { message });
    expect(await inRedis(newer)).toBe(1);
    expect(await fill(log)).toBeGreaterThan(0);
    expect(await inRedis(newer)).toBe(0);
    const sum = (await logOf(owner)).reduce((bytes, { event }) => bytes + JSON.stringify(event).length, 0);
    expect(await taken(owner)).toBeGreaterThan(sum);
    expect(await taken(owner)).toBeLessThanOrEqual(MOST);
  });

  it('are not counted once they have expired, or were removed by hand', async () => {
    const tenantId = randomUUID();
    const expired = await archivedLog(tenantId, 0);
    expect([await inRedis(expired), await taken(expired)]).toEqual([0, 0]);
    const removed = await newSession(tenantId);
    await fill(await limited.startLog(removed, STARTED));
    await redis.del(REDIS_KEYS.runEvents(removed.runId));
    const log = await limited.startLog(await newSession(tenantId), STARTED);
    expect(await fill(log)).toBeGreaterThan(10);
  });
});

describe('a Redis without memory', () => {
  const setMemory = (bytes: number) => redis.config('SET', 'maxmemory', bytes);
  afterEach(() => setMemory(0));

  it('gets all events once it has memory again, in order: until then they are in the spool', async () => {
    const owner = await newSession();
    const log = await logs.startLog(owner, STARTED);
    await setMemory(1);
    const writes = [1, 2, 3].map((n) => log.appendEvent('error', { message: `${n}` }));
    await waitFor(async () => (await logs.spool(owner).lastSeq()) === 2);
    expect((await logOf(owner)).map(({ id }) => id)).toEqual(['1-0']);
    await setMemory(0);
    await Promise.all(writes);
    await logs.endLog(owner, 'run.succeeded', {});
    expect((await logOf(owner)).map(({ id }) => id)).toEqual(['1-0', '2-0', '3-0', '4-0', '5-0']);
  });

  it('gets them from the process that ends the log, if that comes before its writer', async () => {
    const owner = await newSession();
    const log = await logs.startLog(owner, STARTED);
    await setMemory(1);
    const write = log.appendEvent('turn.started', {}).catch(() => undefined);
    await waitFor(async () => (await logs.spool(owner).lastSeq()) === 2);
    await expect(logs.endLog(owner, 'run.interrupted', { reason: 'lost' })).rejects.toThrow('OOM');
    expect((await logOf(owner)).map(({ id }) => id)).toEqual(['1-0']);
    await setMemory(0);
    await logs.endLog(owner, 'run.interrupted', { reason: 'lost' });
    await write;
    const types = (await logOf(owner)).map(({ event }) => event.type);
    expect(types).toEqual(['run.started', 'turn.started', 'run.interrupted']);
  });
});
