/** Follows the instructions for backups in docs/operations.md. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Me } from '@saas-codex/contracts/identity';
import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { connectRedis } from '@saas-codex/service-kit/redis';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { createDatabase } from '../../../scripts/lib/postgres.mjs';
import { type GitServer, startGitServer } from '@saas-codex/testing/git-server';
import { startSystemPostgres, systemPostgres } from '@saas-codex/testing/system-postgres';
import { waitFor } from '@saas-codex/testing/wait-for';
import { startSilentRunner } from '@saas-codex/testing/backend/silent-runner';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';

const run = promisify(execFile);
const programs = systemPostgres();
const STARTED = { kind: 'prompt', prompt: 'Note this', model: null, runner: 'spec' } as const;

let folder: string;
let git: GitServer;
let runner: Awaited<ReturnType<typeof startSilentRunner>>;
let server: Awaited<ReturnType<typeof startSystemPostgres>>;
let before: TestBackend;

const settings = (databaseUrl: string) => ({
  DATABASE_URL: databaseUrl,
  RUNNER_URL: runner.url,
  WORKSPACES_ROOT: join(folder, 'workspaces'),
  OWNER_TOKEN_FILE: join(folder, 'owner-token'),
  GIT_TRUSTED_HOSTS: git.host,
});

/** The password goes in the environment, since every user of the machine can read arguments. */
async function onDatabase(program: string, url: string, args: string[]): Promise<void> {
  const address = new URL(url);
  const PGPASSWORD = decodeURIComponent(address.password);
  address.password = '';
  await run(join(String(programs), program), ['-d', address.href, ...args], { env: { PGPASSWORD } });
}

/** A session on a repository, with a run that changed something and whose events are archived. */
async function work(): Promise<{ sessionId: string; runId: string }> {
  const url = await git.createRepository('kept', { 'a.txt': 'a\n' });
  const created = await before.post('/api/sessions', { repo_url: url });
  const { session_id: sessionId, repo_path: repo } = (await created.json()) as Session;
  const prompted = await before.post(`/api/sessions/${sessionId}/prompt`, { prompt: STARTED.prompt });
  const { run_id: runId } = (await prompted.json()) as Run;
  const me = (await (await before.fetch('/api/me')).json()) as Me;
  const owner = { runId, sessionId, tenantId: me.tenant.tenant_id };
  const redis = connectRedis(before.config.REDIS_URL);
  const logs = new RunLogs(redis, before.config.WORKSPACES_ROOT);
  const claimed = async () =>
    (
      await before.app
        .get(DataSource)
        .query<object[]>('SELECT FROM runs WHERE id = $1 AND tree_before IS NOT NULL', [runId])
    ).length === 1;
  await waitFor(claimed, { what: 'the run to be handed over' });
  const log = await logs.startLog(owner, STARTED);
  await log.appendEvent('turn.started', {});
  await writeFile(join(repo, 'note.md'), 'Noted.\n');
  await logs.endLog(owner, 'run.succeeded', {});
  redis.disconnect();
  const archived = () =>
    before.app.get(DataSource).query<object[]>('SELECT FROM run_events WHERE run_id = $1', [runId]);
  await waitFor(async () => (await archived()).length === 3, { what: 'the events to be archived' });
  return { sessionId, runId };
}

/** Everything that a client can see of the session. */
async function seen(backend: TestBackend, { sessionId, runId }: { sessionId: string; runId: string }) {
  const paths = ['', '/runs', '/diff', '/diff/file?path=note.md'].map(
    (part) => `/api/sessions/${sessionId}${part}`,
  );
  const all = [...paths, `/api/runs/${runId}`, `/api/runs/${runId}/events`, '/api/sessions', '/api/me'];
  return Promise.all(
    all.map(async (path) => {
      const answer = await backend.fetch(path);
      return { path, status: answer.status, body: await answer.text() };
    }),
  );
}

beforeAll(async () => {
  if (programs === null) return;
  folder = await mkdtemp(join(tmpdir(), 'saas-codex-backup-'));
  git = await startGitServer();
  runner = await startSilentRunner();
  server = await startSystemPostgres(programs);
  before = await startBackend(settings(await createDatabase(server.url, 'saas_codex')));
});
afterAll(async () => {
  if (programs === null) return;
  await before.stop();
  runner.stop();
  await git.stop();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

(programs === null ? it.skip : it)(
  'serves the same data after a restore',
  async () => {
    const ids = await work();
    const expected = await seen(before, ids);
    expect(expected.map(({ status }) => status)).toEqual(expected.map(() => 200));
    expect(expected.find(({ path }) => path.endsWith('/diff'))?.body).toContain('note.md');
    await before.close();

    const dump = join(folder, 'database.dump');
    const workspaces = join(folder, 'workspaces');
    const saved = join(folder, 'saved');
    await onDatabase('pg_dump', before.config.DATABASE_URL, ['-Fc', '-f', dump]);
    await cp(workspaces, saved, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });

    // Another server, which has no roles of ours, an empty Redis, and the workspaces restored to their old path.
    const administrator = new pg.Client(server.url);
    await administrator.connect();
    await administrator.query('DROP DATABASE saas_codex');
    await administrator.query('DROP ROLE saas_codex_tenant, saas_codex_system');
    await administrator.end();
    await rename(workspaces, join(folder, 'lost'));
    await cp(saved, workspaces, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    const database = await createDatabase(server.url, 'restored');
    await onDatabase('pg_restore', database, ['--no-owner', '--no-privileges', '--exit-on-error', dump]);
    const after = await startBackend(settings(database));
    try {
      expect(await seen(after, ids)).toEqual(expected);
      const again = await after.post('/api/sessions', {});
      expect(again.status).toBe(201);
    } finally {
      await after.stop();
    }
  },
  120_000,
);
