import { jest } from '@jest/globals';
import { createDatabase } from '@saas-codex/testing/postgres';
import { waitFor } from '@saas-codex/testing/wait-for';
import pg from 'pg';
import { LockLostError } from '../src/database/lock-connection.js';
import { LOCK, Locks } from '../src/database/locks.js';

const LOCK_A = LOCK.session('a');
const LOCK_B = LOCK.session('b');

let database: Awaited<ReturnType<typeof createDatabase>>;
let admin: pg.Client;
/** Two backends. */
let first: Locks;
let second: Locks;

beforeAll(async () => {
  database = await createDatabase();
  admin = new pg.Client(database.url);
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await database.drop();
});
beforeEach(() => {
  first = new Locks(database.url);
  second = new Locks(database.url);
});
afterEach(() => Promise.all([first.close(), second.close()]));

/** Holds the lock until `release`, or until it is lost. */
async function hold(locks: Locks, lock = LOCK_A) {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let signal: AbortSignal | undefined;
  const ended = locks.withLock(lock, async (lost) => {
    signal = lost;
    await Promise.race([released, new Promise((resolve) => lost.addEventListener('abort', resolve))]);
    return 'worked';
  });
  ended.catch(() => undefined);
  return { signal: await waitFor(() => signal), release, ended };
}

/** Ends every connection on which locks are held. */
const endConnections = () =>
  admin.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name LIKE '%locks'`,
  );

it('lets one backend in at a time, and each process in the order of its calls', async () => {
  const order: string[] = [];
  const held = await hold(first);
  const waiting = ['1', '2', '3'].map((name) => first.withLock(LOCK_A, async () => void order.push(name)));
  expect(await second.tryWithLock(LOCK_A, async () => 'worked')).toBeNull();
  expect(await first.tryWithLock(LOCK_A, async () => 'worked')).toBeNull();
  expect(await second.tryWithLock(LOCK_B, async () => 'worked')).toBe('worked');
  const other = second.withLock(LOCK_A, async () => void order.push('other'));
  expect(order).toEqual([]);
  held.release();
  expect(await held.ended).toBe('worked');
  await Promise.all([...waiting, other]);
  expect(order.filter((name) => name !== 'other')).toEqual(['1', '2', '3']);
  expect(order).toHaveLength(4);
});

it('uses one connection for any number of locks', async () => {
  const held = await Promise.all(
    Array.from({ length: 20 }, (_, number) => hold(first, LOCK.session(`${number}`))),
  );
  const { rows } = await admin.query<{ pid: number }>(
    `SELECT DISTINCT pid FROM pg_locks WHERE locktype = 'advisory' AND granted`,
  );
  expect(rows).toHaveLength(1);
  for (const { release } of held) release();
  await Promise.all(held.map(({ ended }) => ended));
});

it('frees a lock whose work has failed', async () => {
  await expect(first.withLock(LOCK_A, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(await second.tryWithLock(LOCK_A, async () => 'worked')).toBe('worked');
});

it('ends the wait when its signal aborts, even in the queue of its own process', async () => {
  const held = await hold(first);
  const abort = new AbortController();
  const work = jest.fn(async () => undefined);
  const waiting = [first, second].map((locks) => locks.withLock(LOCK_A, work, abort.signal));
  abort.abort(new Error('enough'));
  for (const wait of waiting) await expect(wait).rejects.toThrow('enough');
  expect(await first.tryWithLock(LOCK_A, work)).toBeNull();
  held.release();
  await held.ended;
  expect(await first.tryWithLock(LOCK_A, async () => 'worked')).toBe('worked');
  expect(work).not.toHaveBeenCalled();
});

it('aborts the work and discards its result when the connection is lost, and takes later locks on a new one', async () => {
  const held = await hold(first);
  await endConnections();
  await expect(held.ended).rejects.toThrow(LockLostError);
  expect(held.signal.aborted).toBe(true);
  expect(await first.withLock(LOCK_A, async () => 'worked')).toBe('worked');
});

it('frees the lock of a backend that has frozen', async () => {
  const frozen = new Locks(database.url, { heartbeatMs: 1_000_000, silenceMs: 200 });
  const held = await hold(frozen);
  expect(await second.withLock(LOCK_A, async () => 'worked')).toBe('worked');
  await expect(held.ended).rejects.toThrow(LockLostError);
  await frozen.close();
});

it('keeps its connection alive with a heartbeat', async () => {
  const alive = new Locks(database.url, { heartbeatMs: 20, silenceMs: 30_000 });
  const held = await hold(alive);
  const lastBeat = async () => {
    const { rows } = await admin.query<{ query_start: Date }>(
      `SELECT query_start FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE '%locks' AND query = 'SELECT 1'`,
    );
    return rows[0]?.query_start.getTime();
  };
  const earlier = await waitFor(lastBeat);
  await waitFor(async () => ((await lastBeat()) ?? 0) > earlier);
  held.release();
  expect(await held.ended).toBe('worked');
  await alive.close();
});
