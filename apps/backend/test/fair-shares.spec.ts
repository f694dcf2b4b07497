import { randomUUID } from 'node:crypto';
import type { Me } from '@saas-codex/contracts/identity';
import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import { connectRedis } from '@saas-codex/service-kit/redis';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import { startSilentRunner } from '@saas-codex/testing/backend/silent-runner';
import { type SlowHost, startSlowHost } from '@saas-codex/testing/backend/slow-host';
import { waitFor } from '@saas-codex/testing/wait-for';
import type { Redis } from 'ioredis';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { LOCK, Locks } from '../src/database/locks.js';
import { systemContext } from '../src/identity/request-context.js';
import { RetentionReconciler } from '../src/retention/retention-reconciler.js';
import { RunEntity } from '../src/runs/run.entity.js';
import { RunReconciler } from '../src/runs/run-reconciler.js';
import { SessionEntity } from '../src/sessions/session.entity.js';
import { SessionsService } from '../src/sessions/sessions.service.js';

/*
 * One tenant does its worst in each of the backend's loops: its steps never end while a test holds them. Another tenant's
 * work is done meanwhile.
 */

const ATTACKER = systemContext('provisioning', 'attacker');
/** As many as would fill the places of every tenant, if tenants shared them. */
const MANY = 20;

let backend: TestBackend;
let slowHost: SlowHost;
let runner: Awaited<ReturnType<typeof startSilentRunner>>;
let redis: Redis;
let logs: RunLogs;
let mine: string;

beforeAll(async () => {
  runner = await startSilentRunner();
  slowHost = await startSlowHost();
  backend = await startBackend({ RUNNER_URL: runner.url, GIT_TRUSTED_HOSTS: slowHost.host });
  redis = connectRedis(backend.config.REDIS_URL);
  logs = new RunLogs(redis, backend.config.WORKSPACES_ROOT);
  mine = ((await (await backend.fetch('/api/me')).json()) as Me).tenant.tenant_id;
});
afterAll(async () => {
  redis.disconnect();
  await backend.stop();
  await slowHost.stop();
  runner.stop();
});

const database = () => backend.app.get(DataSource);
const attackerSession = (repoUrl?: string) =>
  backend.app
    .get(SessionsService, { strict: false })
    .create(ATTACKER, repoUrl === undefined ? {} : { repo_url: repoUrl }, true);

/** My own session and run, through the API. */
async function newSession(): Promise<Session> {
  return (await (await backend.post('/api/sessions', {})).json()) as Session;
}
async function newRun({ session_id: id }: Session): Promise<Run> {
  return (await (await backend.post(`/api/sessions/${id}/prompt`, { prompt: 'Say hello' })).json()) as Run;
}
async function endLog({ run_id: runId, session_id: sessionId }: Run, tenantId: string): Promise<void> {
  const owner = { runId, sessionId, tenantId };
  await logs.startLog(owner, { kind: 'prompt', prompt: 'Say hello', model: null, runner: 'spec' });
  await logs.endLog(owner, 'run.succeeded', {});
}
const readRun = async ({ run_id: id }: Run) => (await (await backend.fetch(`/api/runs/${id}`)).json()) as Run;
const row = (entity: typeof RunEntity | typeof SessionEntity, id: string) =>
  database().manager.findOneByOrFail<RunEntity | SessionEntity>(entity, { id });

/** Does `work` while statements that wait for those of `hold` cannot go on. */
async function whileHolding(hold: [sql: string, parameters: unknown[]], work: () => Promise<void>) {
  const holder = database().createQueryRunner();
  await holder.startTransaction();
  try {
    await holder.query(...hold);
    await work();
  } finally {
    await holder.rollbackTransaction();
    await holder.release();
  }
}

test('an empty session is set up while a host keeps all clones of another tenant waiting', async () => {
  for (let n = 0; n < MANY; n++) await attackerSession(slowHost.url);
  await waitFor(() => slowHost.waiting() >= 4);
  expect((await newSession()).status).toBe('ready');
  slowHost.refuse();
});

test('a prompt runs and settles while no checkpoint of another tenant ends', async () => {
  const { session_id: id } = await attackerSession();
  const ready = await waitFor(async () => {
    const session = (await row(SessionEntity, id)) as SessionEntity;
    return session.status === 'ready' ? session : null;
  });
  const copies = Array.from({ length: MANY }, () => ({ sessionId: randomUUID(), runId: randomUUID() }));
  const locks = new Locks(backend.config.DATABASE_URL);
  const held = copies.map(
    ({ sessionId }) =>
      new Promise<void>((resolve) => {
        const hold = () => new Promise<never>(() => resolve());
        locks.withLock(LOCK.history(sessionId), hold).catch(() => undefined);
      }),
  );
  await Promise.all(held);
  const { manager } = database();
  const now = new Date();
  for (const { sessionId, runId } of copies) {
    await manager.insert(SessionEntity, { ...ready, id: sessionId });
    const input = { kind: 'prompt', prompt: 'Fill the disk' } as const;
    const times = { createdAt: now, dispatchedAt: now };
    const run = {
      id: runId,
      sessionId,
      ordinal: 1,
      createdBy: 'attacker',
      input,
      treeBefore: ready.baseTree,
    };
    await manager.insert(RunEntity, { ...run, ...times, tenantId: ATTACKER.tenantId, status: 'queued' });
    await endLog({ run_id: runId, session_id: sessionId } as Run, ATTACKER.tenantId);
  }
  await backend.app.get(RunReconciler, { strict: false }).scanNow();

  const run = await newRun(await newSession());
  await waitFor(async () => ((await row(RunEntity, run.run_id)) as RunEntity).dispatchedAt !== null);
  await endLog(run, mine);
  await waitFor(async () => (await readRun(run)).status === 'succeeded');
  expect(await manager.countBy(RunEntity, { tenantId: ATTACKER.tenantId, status: 'queued' })).toBe(MANY);
  await locks.close();
});

test("a tenant's logs are archived while those of another tenant cannot be written", async () => {
  const session = await newSession();
  const run = await newRun(session);
  const { session_id: sessionId } = await attackerSession();
  const runId = randomUUID();
  const mineNow = (await row(RunEntity, run.run_id)) as RunEntity;
  const theirs = { id: runId, sessionId, tenantId: ATTACKER.tenantId };
  const hold = `INSERT INTO run_events (tenant_id, run_id, seq, type, event) VALUES ($1, $2, 1, 'x', '{}')`;
  await database().manager.insert(RunEntity, { ...mineNow, ...theirs, endedAt: null, dispatchedAt: null });
  await whileHolding([hold, [ATTACKER.tenantId, runId]], async () => {
    await endLog({ run_id: runId, session_id: sessionId } as Run, ATTACKER.tenantId);
    await database().manager.update(RunEntity, { id: runId }, { status: 'succeeded', endedAt: new Date(0) });
    await endLog(run, mine);
    await waitFor(async () => ((await row(RunEntity, run.run_id)) as RunEntity).archivedAt !== null);
    expect(((await row(RunEntity, runId)) as RunEntity).archivedAt).toBeNull();
  });
});

test('an idle session is archived and measured while those of another tenant are locked', async () => {
  const session = await newSession();
  const { session_id: theirs } = await attackerSession();
  await waitFor(async () => (await row(SessionEntity, theirs)).status === 'ready');
  const age = `UPDATE sessions SET updated_at = now() - make_interval(days => $2) WHERE id = $1`;
  await database().query(age, [session.session_id, 50]);
  await database().query(age, [theirs, 60]);
  await whileHolding(['SELECT FROM sessions WHERE id = $1 FOR UPDATE', [theirs]], async () => {
    void backend.app.get(RetentionReconciler).scanNow();
    const done = await waitFor(async () => {
      const now = (await row(SessionEntity, session.session_id)) as SessionEntity;
      return now.diskMeasuredAt === null ? null : now;
    });
    expect(done.status).toBe('archived');
    expect((await row(SessionEntity, theirs)).status).toBe('ready');
  });
});

test("requests of a tenant are answered while more of another tenant's wait for one row than there are connections", async () => {
  const { session_id: theirs } = await attackerSession();
  const sessions = backend.app.get(SessionsService, { strict: false });
  await waitFor(async () => (await row(SessionEntity, theirs)).status === 'ready');
  const session = await newSession();
  await whileHolding(['SELECT FROM sessions WHERE id = $1 FOR UPDATE', [theirs]], async () => {
    const renames = Array.from({ length: 2 * MANY }, (_, n) =>
      sessions.update(ATTACKER, theirs, { title: `${n}` }),
    );
    void Promise.allSettled(renames);
    await waitFor(async () => (await waitingForLocks()) > 0);
    const path = `/api/sessions/${session.session_id}`;
    const headers = { 'content-type': 'application/json' };
    const renamed = await backend.fetch(path, { method: 'PATCH', headers, body: '{"title":"Mine"}' });
    expect(await renamed.json()).toMatchObject({ title: 'Mine' });
  });
});

/** Statements of the backend that wait for a lock. Not asked through its connections, of which none may be left. */
async function waitingForLocks(): Promise<number> {
  const client = new pg.Client(backend.config.DATABASE_URL);
  await client.connect();
  const { rows } = await client.query<{ count: string }>(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
  );
  await client.end();
  return Number(rows[0]?.count);
}
