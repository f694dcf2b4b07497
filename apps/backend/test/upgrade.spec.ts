import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Diff } from '@saas-codex/contracts/diffs';
import { HEADERS } from '@saas-codex/contracts/http';
import type { Me } from '@saas-codex/contracts/identity';
import type { Run, RunPage } from '@saas-codex/contracts/runs';
import type { Session, SessionPage } from '@saas-codex/contracts/sessions';
import { type ScriptedModel, startScriptedModel } from '@saas-codex/scripted-model/scripted-model';
import { startBackend, type TestBackend } from '@saas-codex/testing/backend/backend';
import { createDatabase } from '@saas-codex/testing/postgres';
import { startRedis, type TestRedis } from '@saas-codex/testing/redis';
import {
  type RunnerProcess,
  SERVICE_TOKEN,
  startRunnerProcess,
} from '@saas-codex/testing/runner/runner-process';
import { openSse } from '@saas-codex/testing/sse-client';
import { waitFor } from '@saas-codex/testing/wait-for';
import { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { freePort } from '../../../scripts/lib/ports.mjs';
import { MIGRATIONS } from '../src/database/migrations.js';

/*
 * An upgrade from the first version (commit 9f7bf41):
 *
 *     its migrations, its rows, its Redis, its workspace ── today's backend migrates ──► everything is read over HTTP
 *
 * This file writes the data as that version wrote it, independently of today's code.
 */
const LANDED_UNTIL = 'AddTraceparent1795489000000';
const LANDED = MIGRATIONS.slice(0, 1 + MIGRATIONS.findIndex(({ name }) => name === LANDED_UNTIL));

const TENANT = 'tenant-of-before';
const USER = 'user-of-before';
const TOKEN = 'cdx_the-token-of-the-version-before-0123456789';
const AT = '2026-11-01T10:00:00.000Z';
const USAGE = { input_tokens: 9, cached_input_tokens: 1, output_tokens: 5, reasoning_output_tokens: 0 };
const DIFF = { files: 2, additions: 30, deletions: 4 };

const uuid = (number: number) => `01930000-0000-7000-8000-${String(number).padStart(12, '0')}`;
/** Four sessions: ended long ago; with a running run; with waiting runs; failed to be set up. */
const [ENDED, RUNNING, WAITING, FAILED] = [uuid(1), uuid(2), uuid(3), uuid(4)];
const RUNNING_RUN = uuid(20);
const [WAITING_SETUP, WAITING_PROMPT] = [uuid(30), uuid(31)];

const ENDED_STATUSES = ['succeeded', 'failed', 'cancelled', 'interrupted'] as const;
/** A run of each kind for each status in which a run can end. */
const ENDED_RUNS = ENDED_STATUSES.flatMap((status, index) => [
  {
    id: uuid(10 + 2 * index),
    status,
    kind: 'prompt',
    prompt: `Prompt that ${status}: “\u{1f600}” \\ "quoted"\n`,
  },
  { id: uuid(11 + 2 * index), status, kind: 'setup', prompt: `echo ${status}\n# {"kind": "prompt"}\n` },
]);

const run = promisify(execFile);
const git = (...args: string[]) => run('git', args);
let database: Awaited<ReturnType<typeof createDatabase>>;
let redis: TestRedis;
let client: Redis;
let model: ScriptedModel;
let runner: RunnerProcess;
let backend: TestBackend;
let root: string;

beforeAll(async () => {
  [database, redis, root] = await Promise.all([
    createDatabase('creates roles'),
    startRedis(),
    // Codex refuses to work as usual under a temporary directory.
    mkdtemp(join(homedir(), '.saas-codex-test-')),
  ]);
  client = new Redis(redis.url);
  const landed = await new DataSource({
    type: 'postgres',
    url: database.url,
    migrations: LANDED,
  }).initialize();
  await landed.runMigrations({ transaction: 'each' });
  const baseTree = await writeWorkspace(WAITING);
  await fillDatabase(landed, baseTree);
  await landed.destroy();
  await fillRedis();
  await writeFile(join(root, 'owner-token'), `${TOKEN}\n`, { mode: 0o600 });
});

afterAll(async () => {
  await backend?.stop();
  await runner?.end('SIGKILL');
  await model?.close();
  client.disconnect();
  await redis.stop();
  await database.drop();
  await rm(root, { recursive: true, force: true, maxRetries: 5 });
});

/** Every event of an ended run, as that version's runner wrote it. */
function eventsOf(run: { id: string; kind: string; prompt: string; status: string }, sessionId: string) {
  const data = [
    {
      type: 'run.started',
      data: { kind: run.kind, prompt: run.prompt, model: null, runner: 'runner-of-before' },
    },
    { type: 'turn.started', data: {} },
    {
      type: `run.${run.status}`,
      data: run.status === 'succeeded' ? { usage: USAGE } : { reason: `It ${run.status}.`, usage: USAGE },
    },
  ];
  return data.map(({ type, data }, index) => {
    const envelope = {
      v: 1,
      run_id: run.id,
      session_id: sessionId,
      tenant_id: TENANT,
      seq: index + 1,
      at: AT,
    };
    return { seq: index + 1, type, event: JSON.stringify({ ...envelope, type, data }) };
  });
}

async function fillDatabase(db: DataSource, baseTree: string): Promise<void> {
  const insert = async (table: string, row: object) => {
    const columns = Object.keys(row);
    const values = columns.map((_, index) => `$${index + 1}`);
    await db.query(`INSERT INTO ${table} (${columns.join()}) VALUES (${values.join()})`, Object.values(row));
  };
  const owner = { id: USER, name: 'Owner', email: 'owner@saas-codex.localhost', email_verified: true };
  await insert('users', owner);
  await insert('tenants', { id: TENANT, name: 'Before', slug: 'before', created_at: AT });
  await insert('members', { id: 'member', tenant_id: TENANT, user_id: USER, role: 'owner', created_at: AT });
  await insert('api_keys', {
    id: 'key',
    config_id: 'default',
    reference_id: USER,
    key: createHash('sha256').update(TOKEN).digest('base64url'),
    enabled: true,
    created_at: AT,
    updated_at: AT,
    metadata: JSON.stringify({ tenantId: TENANT }),
  });

  const session = {
    tenant_id: TENANT,
    created_by: USER,
    title_given: false,
    base_tree: baseTree,
    created_at: AT,
    updated_at: AT,
  };
  await insert('sessions', {
    ...session,
    id: ENDED,
    title: 'Ended',
    status: 'archived',
    thread_id: ENDED,
    diff: DIFF,
    setup: { script: 'echo interrupted', network: { mode: 'on' } },
    setup_status: 'interrupted',
    network: { mode: 'allow_list', hosts: [{ host: 'example.com', methods: 'read' }] },
    archived_at: AT,
    workspace_removed_at: AT,
  });
  const ready = { ...session, status: 'ready' };
  await insert('sessions', {
    ...ready,
    id: RUNNING,
    title: 'Running',
    thread_id: RUNNING,
    active_run_id: RUNNING_RUN,
  });
  const setup = { script: 'echo set up > setup.txt' };
  const waiting = { queued_runs: 2, setup, setup_status: 'queued' };
  await insert('sessions', { ...ready, ...waiting, id: WAITING, title: 'Waiting', thread_id: WAITING });
  const failure = { failure_code: 'clone_not_found', failure_detail: 'There is no such repository.' };
  await insert('sessions', {
    ...session,
    ...failure,
    id: FAILED,
    title: 'Failed',
    status: 'failed',
    base_tree: null,
  });

  const run = { tenant_id: TENANT, created_by: USER, created_at: AT };
  for (const [index, { id, status, kind, prompt }] of ENDED_RUNS.entries()) {
    const outcome = { tree_before: baseTree, tree_after: baseTree, diff: DIFF, usage: USAGE };
    const times = { dispatched_at: AT, started_at: AT, ended_at: AT, archived_at: AT };
    const error = status === 'succeeded' ? null : `It ${status}.`;
    const row = {
      ...run,
      ...outcome,
      ...times,
      id,
      session_id: ENDED,
      ordinal: index + 1,
      kind,
      prompt,
      status,
      error,
    };
    await insert('runs', row);
    for (const event of eventsOf(row, ENDED))
      await insert('run_events', { tenant_id: TENANT, run_id: id, ...event });
  }
  const started = { dispatched_at: AT, started_at: AT, status: 'running' };
  await insert('runs', {
    ...run,
    ...started,
    id: RUNNING_RUN,
    session_id: RUNNING,
    ordinal: 1,
    prompt: 'Go on',
  });
  const queued = { ...run, session_id: WAITING, status: 'queued' };
  await insert('runs', { ...queued, id: WAITING_SETUP, ordinal: 1, kind: 'setup', prompt: setup.script });
  await insert('runs', {
    ...queued,
    id: WAITING_PROMPT,
    ordinal: 2,
    kind: 'prompt',
    prompt: 'Note the upgrade',
  });
  await insert('idempotency_keys', {
    tenant_id: TENANT,
    user_id: USER,
    key: 'key-of-before',
    fingerprint: `POST /api/sessions/${WAITING}/prompt ${createHash('sha256')
      .update(JSON.stringify({ prompt: 'Note the upgrade' }))
      .digest('hex')}`,
    claim_id: WAITING_PROMPT,
    answer: { status: 202, json: JSON.stringify({ run_id: WAITING_PROMPT, status: 'queued' }) },
  });
}

/** The log of a run that ended while no backend was running. */
async function fillRedis(): Promise<void> {
  const run = { id: RUNNING_RUN, kind: 'prompt', prompt: 'Go on', status: 'succeeded' };
  for (const { seq, type, event } of eventsOf(run, RUNNING)) {
    const fields = ['type', type, 'event', event, 'writer', 'writer-of-before'];
    await client.xadd(`codex:run:${RUNNING_RUN}:events`, `${seq}-0`, ...fields);
  }
}

/** A workspace with one file, changed since the session started. @returns the tree at its start */
async function writeWorkspace(sessionId: string): Promise<string> {
  const [repo, history] = [join(root, sessionId, 'repo'), join(root, sessionId, 'history.git')];
  await mkdir(repo, { recursive: true });
  await git('init', '-q', repo);
  await git('init', '-q', '--bare', history);
  await mkdir(join(history, 'info'), { recursive: true });
  await writeFile(join(history, 'info', 'attributes'), '* -text -crlf -ident -filter !eol !diff !merge\n');
  await writeFile(join(repo, 'README.md'), 'before\n');
  const onBoth = [`--git-dir=${history}`, `--work-tree=${repo}`];
  await git(...onBoth, 'add', '-A');
  const tree = (await git(...onBoth, 'write-tree')).stdout.trim();
  await git(...onBoth, 'update-ref', `refs/checkpoints/${tree}`, tree);
  await writeFile(join(repo, 'README.md'), 'after\n');
  const thread = { tenantId: TENANT, model: null, codexThreadId: null, skipGitRepoCheck: true };
  await writeFile(join(root, sessionId, 'thread.json'), JSON.stringify(thread));
  return tree;
}

async function startToday(): Promise<void> {
  const patch = '*** Begin Patch\n*** Add File: note.md\n+{{prompt}}\n*** End Patch';
  const note = { name: 'note', match: 'Note', steps: [{ do: 'patch' as const, patch }] };
  model = await startScriptedModel({ scenarios: [note] });
  const common = { REDIS_URL: redis.url, WORKSPACES_ROOT: root, SERVICE_TOKEN };
  const [port, backendPort] = [String(await freePort()), String(await freePort())];
  const BACKEND_URL = `http://127.0.0.1:${backendPort}`;
  [runner, backend] = await Promise.all([
    startRunnerProcess({
      ...common,
      PORT: port,
      BACKEND_URL,
      CODEX_BASE_URL: model.baseUrl,
      SHUTDOWN_GRACE_SECONDS: '0',
    }),
    startBackend({
      ...common,
      DATABASE_URL: database.url,
      PORT: backendPort,
      RUNNER_URL: `http://127.0.0.1:${port}`,
      OWNER_TOKEN_FILE: join(root, 'owner-token'),
    }),
  ]);
}

const get = async <T>(path: string) => (await (await backend.fetch(path)).json()) as T;
const runIs = (id: string, status: Run['status']) =>
  waitFor(async () => {
    const run = await get<Run>(`/api/runs/${id}`);
    return run.status === status ? run : null;
  });

test('the migrations can be undone without losing a run', async () => {
  const today = await new DataSource({
    type: 'postgres',
    url: database.url,
    migrations: MIGRATIONS,
  }).initialize();
  const rows = () => today.query<unknown[]>('SELECT id, kind, prompt FROM runs ORDER BY id');
  const before = await rows();
  await today.runMigrations({ transaction: 'each' });
  for (const _ of MIGRATIONS.slice(LANDED.length)) await today.undoLastMigration();
  expect(await rows()).toEqual(before);
  expect(before).toHaveLength(ENDED_RUNS.length + 3);
  await today.destroy();
});

test('the owner and the API token still work', async () => {
  await startToday();
  expect((await readFile(join(root, 'owner-token'), 'utf8')).trim()).toBe(TOKEN);
  expect(await get<Me>('/api/me')).toMatchObject({ user: { user_id: USER }, tenant: { tenant_id: TENANT } });
});

test('sessions, runs and their diff statistics read as before', async () => {
  const [live, archived] = [
    await get<SessionPage>('/api/sessions'),
    await get<SessionPage>('/api/sessions?archived=true'),
  ];
  expect(live.items.map(({ session_id }) => session_id).toSorted()).toEqual([RUNNING, WAITING, FAILED]);
  expect(archived.items).toMatchObject([
    {
      session_id: ENDED,
      title: 'Ended',
      status: 'archived',
      diff: DIFF,
      setup: { script: 'echo interrupted', network: { mode: 'on' } },
      setup_status: 'interrupted',
      last_run_status: 'interrupted',
      network: { mode: 'allow_list' },
    },
  ]);
  expect(await get<Session>(`/api/sessions/${FAILED}`)).toMatchObject({
    failure: { code: 'clone_not_found' },
    // Its owner is taken to have seen what happened before the upgrade.
    needs_you: null,
  });
  expect(live.items.filter(({ read_at: readAt }) => !readAt)).toEqual([]);
  const { items } = await get<RunPage>(`/api/sessions/${ENDED}/runs`);
  const expected = ENDED_RUNS.map(({ id, status, kind, prompt }) => ({
    run_id: id,
    session_id: ENDED,
    kind,
    prompt,
    model: null,
    reasoning_effort: null,
    status,
    held: false,
    queue_position: null,
    error: status === 'succeeded' ? null : `It ${status}.`,
    usage: USAGE,
    context: null,
    rewound_at: null,
    diff: DIFF,
    created_by: { kind: 'person', id: USER, name: 'Owner' },
    edited_by: null,
    edited_at: null,
    cancelled_by: null,
    created_at: AT,
    started_at: AT,
    ended_at: AT,
  }));
  expect(items.toReversed()).toEqual(expected);
});

test('archived logs are served byte for byte', async () => {
  const headers = { authorization: `Bearer ${TOKEN}` };
  for (const run of ENDED_RUNS) {
    const stream = await openSse(`${backend.url}/api/runs/${run.id}/events`, { headers });
    const events = (await stream.ended()).filter(({ event }) => event !== 'end');
    const expected = eventsOf(run, ENDED).map(({ seq, type, event }) => ({
      id: `${seq}`,
      event: type,
      data: event,
    }));
    expect(events).toEqual(expected);
  }
});

test('a run that ended during the upgrade gets the outcome of its log', async () => {
  expect(await runIs(RUNNING_RUN, 'succeeded')).toMatchObject({
    kind: 'prompt',
    prompt: 'Go on',
    usage: USAGE,
  });
});

test('a queued setup and a queued prompt run to their ends in the existing workspace', async () => {
  await runIs(WAITING_SETUP, 'succeeded');
  await runIs(WAITING_PROMPT, 'succeeded');
  const { files } = await get<Diff>(`/api/sessions/${WAITING}/diff`);
  expect(files.map(({ path }) => path)).toEqual(['README.md', 'note.md', 'setup.txt']);
  expect(await readFile(join(root, WAITING, 'repo', 'note.md'), 'utf8')).toBe('Note the upgrade\n');
});

test('a backend from before row-level security reads and writes beside the new one', async () => {
  // It sends its statements as the user of DATABASE_URL, who owns the tables, and takes no role.
  const old = await new DataSource({ type: 'postgres', url: database.url }).initialize();
  const rename = 'UPDATE sessions SET title = $3 WHERE tenant_id = $1 AND id = $2';
  expect(await old.query(rename, [TENANT, FAILED, 'By the old one'])).toEqual([[], 1]);
  expect(await get<Session>(`/api/sessions/${FAILED}`)).toMatchObject({ title: 'By the old one' });
  const archive = `
    INSERT INTO run_events (tenant_id, run_id, seq, type, event) VALUES ($1, $2, 1, 'x', '{}')
    ON CONFLICT (run_id, seq) DO NOTHING`;
  await old.query(archive, [TENANT, ENDED_RUNS[0]?.id]);
  expect(
    await old.query('SELECT FROM runs WHERE tenant_id = $1 AND session_id = $2', [TENANT, ENDED]),
  ).toHaveLength(ENDED_RUNS.length);
  await old.destroy();
});

test('a request from before the upgrade is not executed again when its key is repeated', async () => {
  const key = { [HEADERS.idempotencyKey]: 'key-of-before' };
  const answer = await backend.post(`/api/sessions/${WAITING}/prompt`, { prompt: 'Note the upgrade' }, key);
  expect([answer.status, await answer.json()]).toEqual([202, { run_id: WAITING_PROMPT, status: 'queued' }]);
  expect((await get<RunPage>(`/api/sessions/${WAITING}/runs`)).items).toHaveLength(2);
});
