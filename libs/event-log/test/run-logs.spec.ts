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
import type { RunLogOwner } from '../src/run-log/run-event-entry.js';
import { LogFencedError } from '../src/run-log/run-log.writer.js';
import { RunLogs } from '../src/run-log/run-logs.js';

const STARTED = { kind: 'prompt', prompt: 'Say hello', model: null, runner: 'spec' } as const;
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
  const entries = await redis.xrange(REDIS_KEYS.activity, '-', '+');
  return entries
    .map(([, fields]) => RunStatusActivity.parse(JSON.parse(fields[fields.indexOf('event') + 1] ?? '')))
    .filter((activity) => activity.run_id === runId);
}

describe('a writer', () => {
  it('numbers durable events without a hole and deltas between them, in the order of the calls', async () => {
    const owner = newOwner();
    const log = await logs.start(owner, STARTED);
    const writes = [
      log.append('turn.started', {}),
      log.delta(DELTA),
      log.delta(DELTA),
      log.append('error', { message: 'a' }),
      log.delta(DELTA),
    ];
    await Promise.all(writes);
    await logs.end(owner, 'run.succeeded', {});

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
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => logs.start(owner, STARTED)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of tries) {
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(LogFencedError);
    }
    expect(await statusesOf(owner)).toMatchObject([{ status: 'running', error: null }]);
  });

  it('refuses whatever a writer still writes once the log was ended by someone else', async () => {
    const owner = newOwner();
    const log = await logs.start(owner, STARTED);
    await log.append('turn.started', {});
    expect(await logs.end(owner, 'run.cancelled', { reason: 'Cancelled.' })).toBe(true);
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

describe('the end of a log', () => {
  it('ends a log once, whoever tries, and reports the status once', async () => {
    const owner = newOwner();
    await logs.start(owner, STARTED);
    const usage = { input_tokens: 1, cached_input_tokens: 0, output_tokens: 2, reasoning_output_tokens: 0 };
    const answers = await Promise.all([
      logs.end(owner, 'run.failed', { reason: 'The model refused.', usage }),
      logs.end(owner, 'run.failed', { reason: 'The model refused.', usage }),
      logs.end(owner, 'run.failed', { reason: 'The model refused.', usage }),
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
    expect(await logs.end(owner, 'run.cancelled', { reason: 'Cancelled before it began.' })).toBe(true);
    await expect(logs.start(owner, STARTED)).rejects.toBeInstanceOf(LogFencedError);
    expect((await logOf(owner)).map(({ id }) => id)).toEqual(['1-0']);
    expect(await statusesOf(owner)).toMatchObject([{ status: 'cancelled' }]);
  });

  it('ends a log under the hands of a busy writer, and keeps it without a hole', async () => {
    const owner = newOwner();
    const log = await logs.start(owner, STARTED);
    const writing = Promise.allSettled(
      Array.from({ length: 300 }, (_, n) => log.append('error', { message: `${n}` })),
    );
    expect(await logs.end(owner, 'run.interrupted', { reason: 'Its runner was lost.' })).toBe(true);
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
  await logs.start(newOwner(), STARTED);
  expect(await redis.xlen(REDIS_KEYS.activity)).toBeLessThan(ACTIVITY_MAX_LENGTH + 200);
});

/** With a workspace, and so with a spool. */
async function newSession(): Promise<RunLogOwner> {
  const owner = newOwner();
  await mkdir(join(root, owner.sessionId));
  return owner;
}

describe('a log that was archived', () => {
  const spools = ({ sessionId }: RunLogOwner) => readdir(join(root, sessionId, 'spool'));
  /** As the backend does it. */
  async function archive(owner: RunLogOwner): Promise<void> {
    await redis.expire(REDIS_KEYS.runEvents(owner.runId), 3_600);
    await logs.spool(owner).remove();
  }

  it('is left no spool by a writer that wakes up later', async () => {
    const owner = await newSession();
    const log = await logs.start(owner, STARTED);
    await logs.end(owner, 'run.interrupted', { reason: 'Its runner was lost.' });
    expect(await spools(owner)).toEqual([`${owner.runId}.log`]);
    await archive(owner);
    await expect(log.append('turn.started', {})).rejects.toBeInstanceOf(LogFencedError);
    expect(await spools(owner)).toEqual([]);
  });

  it('is left none by whoever ended a run that had not started, and stood still until then', async () => {
    const owner = await newSession();
    const standing = redis.duplicate();
    jest.spyOn(standing, 'eval').mockImplementationOnce(async (script, keys, ...args) => {
      const written = await redis.eval(script, keys, ...args);
      await archive(owner);
      return written;
    });
    expect(await new RunLogs(standing, root).end(owner, 'run.cancelled', { reason: 'x' })).toBe(true);
    standing.disconnect();
    expect(await spools(owner)).toEqual([]);
  });
});

describe('a Redis that forgets', () => {
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
  ])('is given back %s by the writer that goes on', async (_, lose) => {
    const owner = await newSession();
    const log = await logs.start(owner, STARTED);
    await log.append('turn.started', {});
    await log.delta(DELTA);
    await log.append('error', { message: 'a line\u2028that is two to some' });
    await log.delta(DELTA);
    const before = await durable(owner);
    await lose(owner);
    await log.delta(DELTA);
    expect(await durable(owner)).toEqual(before);
    await lose(owner);
    await log.append('error', { message: 'b' });
    expect((await durable(owner)).slice(0, 3)).toEqual(before);
    expect((await logOf(owner)).at(-1)).toMatchObject({ id: '4-0', event: { data: { message: 'b' } } });
  });

  it('is given it back at once when it is reached again, by a writer that has nothing to say', async () => {
    const owner = await newSession();
    await logs.start(owner, STARTED);
    const before = await durable(owner);
    await redis.del(keyOf(owner));
    redis.disconnect(true);
    await waitFor(async () => (await redis.exists(keyOf(owner))) === 1);
    expect(await durable(owner)).toEqual(before);
  });

  it('is given it back by whoever ends the log', async () => {
    const owner = await newSession();
    const log = await logs.start(owner, STARTED);
    await log.append('turn.started', {});
    await redis.del(keyOf(owner));
    const elsewhere = new RunLogs(redis, root);
    expect(await elsewhere.end(owner, 'run.interrupted', { reason: 'Its runner was lost.' })).toBe(true);
    const ended = await logOf(owner);
    expect(ended.map(({ event }) => event.type)).toEqual(['run.started', 'turn.started', 'run.interrupted']);
    await expect(log.append('turn.started', {})).rejects.toBeInstanceOf(LogFencedError);
    await redis.del(keyOf(owner));
    await elsewhere.refill(owner);
    expect(await logOf(owner)).toEqual(ended);
  });

  it('does not let a run start twice', async () => {
    const owner = await newSession();
    await logs.start(owner, STARTED);
    await redis.del(keyOf(owner));
    await expect(new RunLogs(redis, root).start(owner, STARTED)).rejects.toBeInstanceOf(LogFencedError);
  });

  it('gets no line of which a crash left a part, and all that were written behind it', async () => {
    const owner = await newSession();
    const log = await logs.start(owner, STARTED);
    await appendFile(
      join(root, owner.sessionId, 'spool', `${owner.runId}.log`),
      '2 w turn.started {"v":1,"run',
    );
    await log.append('turn.started', {});
    const before = await durable(owner);
    await redis.del(keyOf(owner));
    await logs.refill(owner);
    expect(await durable(owner)).toEqual(before);
  });
});
