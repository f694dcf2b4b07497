import { existsSync } from 'node:fs';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Session } from '@saas-codex/contracts/sessions';
import type { TenantUsage } from '@saas-codex/contracts/usage';
import { DataSource } from 'typeorm';
import { waitFor } from '@saas-codex/testing/wait-for';
import { LOCK, Locks } from '../src/database/locks.js';
import { RetentionStore } from '../src/retention/retention-store.js';
import { RetentionReconciler } from '../src/retention/retention-reconciler.js';
import { SessionsWorld } from '@saas-codex/testing/backend/sessions-world';

let world: SessionsWorld;

beforeAll(async () => {
  world = await SessionsWorld.create({ DISK_QUOTA_GB_PER_TENANT: '0.05' });
  await world.startRunner();
});
afterAll(() => world.destroy());

const sweep = async () => (await world.backend.app.get(RetentionReconciler).scanNow()).settled;
const database = () => world.backend.app.get(DataSource);
/** Backdates the session, as if it had been idle for this many days. */
const age = (id: string, column: 'updated_at' | 'archived_at', days: number) =>
  database().query(`UPDATE sessions SET ${column} = now() - make_interval(days => $2) WHERE id = $1`, [
    id,
    days,
  ]);
const usage = async () => (await world.call<TenantUsage>('GET', '/api/usage')).body;
const patch = ({ session_id: id }: Session, status: 'archived' | 'ready') =>
  world.call<Session>('PATCH', `/api/sessions/${id}`, { status });
const unarchive = (session: Session) => patch(session, 'ready');
const open = async (body: object): Promise<Session> =>
  world.sessionIs((await world.begin(body)).session_id, 'ready');

it('archives an idle session, later removes its workspace, and keeps its events', async () => {
  const session = await open({});
  const busy = await open({});
  const run = await world.prompt(session.session_id, 'Note this');
  await world.runIs(run.run_id, 'succeeded');
  const archivedLog = () =>
    database().query<object[]>('SELECT FROM runs WHERE id = $1 AND archived_at IS NOT NULL', [run.run_id]);
  await waitFor(async () => (await archivedLog()).length === 1);

  await age(session.session_id, 'updated_at', 29);
  await sweep();
  expect((await world.session(session.session_id)).status).toBe('ready');
  await age(session.session_id, 'updated_at', 31);
  await sweep();
  expect((await world.session(session.session_id)).status).toBe('archived');
  const diff = () => world.call<object>('GET', `/api/sessions/${session.session_id}/diff`);
  expect((await diff()).status).toBe(200);

  const folder = join(world.root, session.session_id);
  await age(session.session_id, 'archived_at', 8);
  await sweep();
  expect(existsSync(folder)).toBe(false);
  expect(await diff()).toMatchObject({ status: 410, body: { code: 'workspace_removed' } });
  expect(await unarchive(session)).toMatchObject({ status: 410, body: { code: 'workspace_removed' } });
  expect((await world.session(session.session_id)).status).toBe('archived');
  const events = await world.backend.fetch(`/api/runs/${run.run_id}/events`);
  expect(await events.text()).toContain('event: run.succeeded');
  expect((await world.session(busy.session_id)).status).toBe('ready');
  expect(existsSync(join(world.root, busy.session_id))).toBe(true);
});

it('keeps the files of a session that was unarchived after it was found to have expired', async () => {
  const session = await open({});
  await patch(session, 'archived');
  await age(session.session_id, 'archived_at', 8);
  await age(session.session_id, 'updated_at', 40);
  const store = world.backend.app.get(RetentionStore);
  const [tenantId = ''] = await store.tenants();
  const found = await store.archivedBefore(tenantId, new Date());
  const ref = found.find(({ sessionId }) => sessionId === session.session_id)!;
  expect((await unarchive(session)).body.status).toBe('ready');
  await store.removeWorkspace(ref, () => Promise.reject(new Error('the session is not archived any more')));

  await sweep();
  expect((await world.session(session.session_id)).status).toBe('ready');
  const run = await world.prompt(session.session_id, 'Note this');
  await world.runIs(run.run_id, 'succeeded');
});

it('keeps a workspace as long as it holds events that are not archived', async () => {
  const session = await open({});
  const run = await world.prompt(session.session_id, 'Note this');
  await world.runIs(run.run_id, 'succeeded');
  await world.call('PATCH', `/api/sessions/${session.session_id}`, { status: 'archived' });
  await age(session.session_id, 'archived_at', 8);
  await database().query('UPDATE runs SET archived_at = NULL, ended_at = NULL WHERE id = $1', [run.run_id]);
  await sweep();
  expect(existsSync(join(world.root, session.session_id, 'repo'))).toBe(true);
  await database().query('UPDATE runs SET archived_at = now(), ended_at = now() WHERE id = $1', [run.run_id]);
});

describe('mirrors', () => {
  const mirrors = async () => {
    const root = join(world.root, '.mirrors');
    const tenants = await readdir(root);
    const found = await Promise.all(
      tenants.map(async (tenant) =>
        (await readdir(join(root, tenant)))
          .filter((name) => name.endsWith('.git'))
          .map((name) => join(root, tenant, name)),
      ),
    );
    return found.flat();
  };
  const idle = async (mirror: string) => {
    const long = new Date(Date.now() - 31 * 24 * 60 * 60_000);
    await utimes(mirror, long, long);
  };

  it('stay as long as a workspace borrows from them, and are removed some time later', async () => {
    const url = await world.git.createRepository('borrowed', { 'a.txt': 'a' });
    const session = await open({ repo_url: url });
    const [mirror = ''] = await mirrors();
    await idle(mirror);
    await sweep();
    expect(existsSync(mirror)).toBe(true);

    await world.call('DELETE', `/api/sessions/${session.session_id}`);
    // The previous sweep found it in use.
    await sweep();
    expect(existsSync(mirror)).toBe(true);
    await idle(mirror);
    await sweep();
    expect(existsSync(mirror)).toBe(false);
  });

  it('are not removed while a clone that has just started uses them', async () => {
    const url = await world.git.createRepository('raced', { 'a.txt': 'a' });
    const first = await open({ repo_url: url });
    const [mirror = ''] = await mirrors();
    await world.call('DELETE', `/api/sessions/${first.session_id}`);
    for (let round = 0; round < 5; round++) {
      await idle(mirror).catch(() => undefined);
      const [session] = await Promise.all([open({ repo_url: url }), sweep()]);
      expect((await world.call('GET', `/api/sessions/${session.session_id}/diff`)).status).toBe(200);
      expect(existsSync(mirror)).toBe(true);
      await world.call('DELETE', `/api/sessions/${session.session_id}`);
    }
  });

  it('are left alone while a fetch holds their lock, which a sweep does not wait for', async () => {
    const url = await world.git.createRepository('held', { 'a.txt': 'a' });
    const session = await open({ repo_url: url });
    const mirror = (await mirrors()).at(-1) ?? '';
    await world.call('DELETE', `/api/sessions/${session.session_id}`);
    await Promise.all((await mirrors()).map(idle));
    const lock = LOCK.mirror(relative(join(world.root, '.mirrors'), mirror));
    const another = new Locks(world.backend.config.DATABASE_URL);
    await another.withLock(lock, () => sweep());
    expect(existsSync(mirror)).toBe(true);
    await another.close();
    await sweep();
    expect(existsSync(mirror)).toBe(false);
  });
});

it('measures what a tenant uses, and refuses new sessions above its quota', async () => {
  const session = await open({});
  await sweep();
  const before = await usage();
  expect(before).toMatchObject({ disk: { quota_bytes: 50_000_000, measured_at: expect.any(String) } });
  expect(before.sessions.live).toBeGreaterThan(0);
  expect(before.runs).toMatchObject({ queued: 0, running: 0 });
  expect(before.disk.workspaces_bytes).toBeGreaterThan(0);

  const filled = join(world.root, session.session_id, 'repo', 'filled');
  await mkdir(filled);
  await writeFile(join(filled, 'large.bin'), Buffer.alloc(60_000_000, 1));
  await database().query('UPDATE sessions SET updated_at = now() WHERE id = $1', [session.session_id]);
  await sweep();
  expect((await usage()).disk.workspaces_bytes).toBeGreaterThan(60_000_000);
  const refused = await world.create({});
  expect(refused).toMatchObject({ status: 409, body: { code: 'disk_quota_exceeded' } });
  expect(refused.body.detail).toMatch(/use 0\.1 GB of 0\.1 GB\. Delete sessions/);

  await world.call('DELETE', `/api/sessions/${session.session_id}`);
  expect((await world.create({})).status).toBe(201);
});
