import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Diff, FilePatch } from '@saas-codex/contracts/diffs';
import type { RunEvent } from '@saas-codex/contracts/events';
import type { Me } from '@saas-codex/contracts/identity';
import type { Problem } from '@saas-codex/contracts/problems';
import type { Run, RunPage } from '@saas-codex/contracts/runs';
import type { Session, SessionPage } from '@saas-codex/contracts/sessions';
import { type GitServer, startGitServer } from '@saas-codex/testing/git-server';
import { environmentOf } from '@saas-codex/testing/places';
import { openSse } from '@saas-codex/testing/sse-client';
import { startSystem, type System } from '@saas-codex/testing/system';
import { waitFor } from '@saas-codex/testing/wait-for';

/** The public contract, used by a program: the real system, started with `npm start`, and the demo model. */
let git: GitServer;
let system: System;
let repository: string;

beforeAll(async () => {
  git = await startGitServer();
  repository = await git.createRepository('hello', { 'README.md': '# Hello\n\nA small project.\n' });
  system = await startSystem({ GIT_TRUSTED_HOSTS: git.host, DEMO_PACE: '0' });
});

afterAll(async () => {
  await system.stop();
  await git.stop();
});

const json = async <T>(path: string, init?: RequestInit): Promise<T> => {
  const response = await system.api(path, init);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
};
const post = <T>(path: string, body: unknown) =>
  json<T>(path, { method: 'POST', body: JSON.stringify(body) });

const ended = (runId: string): Promise<Run> =>
  waitFor(
    async () => {
      const run = await json<Run>(`/api/runs/${runId}`);
      return run.ended_at === null ? undefined : run;
    },
    { what: `run ${runId} to end` },
  );

/** The run's log after `after`, up to its `end`, as clients get it. */
async function events(runId: string, after?: string): Promise<{ id: string; event: RunEvent }[]> {
  const credential = await ownerCredential();
  const headers = after === undefined ? credential : { ...credential, 'last-event-id': after };
  const stream = await openSse(`${system.url}/api/runs/${runId}/events`, { headers });
  expect(stream.headers['content-type']).toContain('text/event-stream');
  const all = await stream.until((seen) => seen.some(({ event }) => event === 'end'));
  stream.close();
  return all.flatMap(({ id, data }) => (id === null ? [] : [{ id, event: JSON.parse(data) as RunEvent }]));
}

async function ownerCredential(): Promise<{ authorization: string }> {
  const { readFile } = await import('node:fs/promises');
  return { authorization: `Bearer ${(await readFile(join(system.dataDir, 'owner-token'), 'utf8')).trim()}` };
}

const durable = (log: { id: string }[]) => log.map(({ id }) => id).filter((id) => !id.includes('-'));
const workspaces = () =>
  readdirSync(join(system.dataDir, 'workspaces')).filter((name) => !name.startsWith('.'));

test('a session is created, prompted, watched and read; killing everything loses nothing', async () => {
  const session = await post<Session>('/api/sessions', { repo_url: repository });
  expect(session).toMatchObject({
    status: 'ready',
    session_id: expect.any(String),
    thread_id: expect.any(String),
  });
  expect(existsSync(join(session.repo_path, 'README.md'))).toBe(true);

  const run = await post<Run>(`/api/sessions/${session.session_id}/prompt`, {
    prompt: 'Write down the word heliotrope',
  });
  expect(run).toMatchObject({ run_id: expect.any(String), status: 'queued' });

  const whole = await events(run.run_id);
  const ids = durable(whole);
  expect(ids).toEqual(ids.map((_id, index) => `${index + 1}`));
  expect(whole[0]?.event.type).toBe('run.started');
  expect(whole.at(-1)?.event.type).toBe('run.succeeded');
  const types = new Set(
    whole.map(({ event }) => (event.type === 'item.completed' ? event.data.item.type : event.type)),
  );
  for (const type of [
    'thread.started',
    'command_execution',
    'file_change',
    'agent_message',
    'turn.completed',
  ]) {
    expect(types).toContain(type);
  }

  for (const cut of [1, Math.floor(whole.length / 2), whole.length - 1]) {
    expect(await events(run.run_id, whole[cut - 1]?.id)).toEqual(whole.slice(cut));
  }
  expect((await ended(run.run_id)).status).toBe('succeeded');

  const diff = await json<Diff>(`/api/sessions/${session.session_id}/diff`);
  expect(diff.stat).toMatchObject({ files: 1 });
  const path = diff.files[0]?.path ?? '';
  const file = `/api/sessions/${session.session_id}/diff/file?path=${encodeURIComponent(path)}`;
  expect((await json<FilePatch>(file)).patch).toContain('heliotrope');
  const session2 = await waitFor(async () => {
    const now = await json<Session>(`/api/sessions/${session.session_id}`);
    return now.diff ? now : undefined;
  });
  expect(session2.diff).toEqual(diff.stat);

  await system.restart('kill');

  expect((await json<SessionPage>('/api/sessions')).items.map((item) => item.session_id)).toContain(
    session.session_id,
  );
  expect((await json<RunPage>(`/api/sessions/${session.session_id}/runs`)).items).toHaveLength(1);
  expect(await events(run.run_id)).toEqual(whole);
  expect((await json<Diff>(`/api/sessions/${session.session_id}/diff`)).stat).toEqual(diff.stat);

  const second = await post<Run>(`/api/sessions/${session.session_id}/prompt`, {
    prompt: 'What did I ask before?',
  });
  expect((await ended(second.run_id)).status).toBe('succeeded');
  const answer = (await events(second.run_id)).flatMap(({ event }) =>
    event.type === 'item.completed' && event.data.item.type === 'agent_message'
      ? [String(event.data.item.text)]
      : [],
  );
  expect(answer.join('\n')).toContain('heliotrope');
});

test.each([
  ['a local path', '/etc', 'repo_url_scheme'],
  ['a file address', 'file:///etc', 'repo_url_scheme'],
  ['a transport helper', 'ext::sh%20-c%20id', 'repo_url_scheme'],
  ['an option', '--upload-pack=id', 'repo_url_scheme'],
  ['credentials', 'https://user:secret@example.org/x.git', 'repo_url_credentials'],
  ['plain http', 'http://example.org/x.git', 'repo_url_scheme'],
  ['a metadata address', 'https://169.254.169.254/x.git', 'repo_host_forbidden'],
  ['loopback in another spelling', 'https://0x7f.1/x.git', 'repo_host_forbidden'],
  ['a control character', 'https://example.org/x\n.git', 'repo_url_invalid'],
])('a repository address that is %s is refused and leaves nothing', async (_kind, repo_url, code) => {
  const before = [workspaces(), await json<SessionPage>('/api/sessions')];
  const response = await system.api('/api/sessions', { method: 'POST', body: JSON.stringify({ repo_url }) });
  expect(response.status).toBe(400);
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  const problem = (await response.json()) as Problem;
  expect(problem).toMatchObject({ status: 400, code, request_id: expect.any(String) });
  expect(problem.detail).not.toContain('secret');
  expect([workspaces(), await json<SessionPage>('/api/sessions')]).toEqual(before);
});

test("without a credential only the health route and the API's documents answer", async () => {
  for (const path of ['/health', '/api/docs', '/api/openapi.json', '/api/asyncapi.json']) {
    expect([path, (await fetch(`${system.url}${path}`)).status]).toEqual([path, 200]);
  }
  for (const path of ['/api/sessions', '/api/me', '/api/system', '/api/events']) {
    expect([path, (await fetch(`${system.url}${path}`)).status]).toEqual([path, 401]);
  }
});

test('headers that claim an identity open nothing, at the port of any service', async () => {
  const me = await json<Me>('/api/me');
  const claims = [
    ...['x-user-id', 'x-forwarded-user', 'x-auth-request-user', 'remote-user'].map((name) => ({
      [name]: me.user.user_id,
    })),
    { 'x-tenant-id': me.tenant.tenant_id, 'x-role': 'owner' },
    { 'x-gateway-mark': 'guessed', 'x-forwarded-for': '127.0.0.1', 'x-forwarded-host': 'localhost' },
    { authorization: 'Bearer guessed' },
    { authorization: `Bearer ${me.user.user_id}` },
    { authorization: 'Basic b3duZXI6b3duZXI=' },
    { cookie: `saas_codex.session_token=${me.user.user_id}.guessed` },
  ];
  const paths = {
    gateway: ['/api/me', '/api/sessions', '/api/events', '/metrics'],
    backend: ['/api/me', '/api/sessions', '/api/events', '/metrics', '/api/model-calls', '/internal'],
    runner: ['/system', '/threads', '/runs', `/runs/${me.user.user_id}/events`, '/metrics', '/v1/responses'],
  };
  for (const [service, asked] of Object.entries(paths)) {
    const { PORT } = await environmentOf(system.pids().get(service) ?? 0);
    for (const path of asked) {
      for (const headers of claims) {
        const sent = { headers: new Headers(headers), redirect: 'manual' as const };
        const { status } = await fetch(`http://127.0.0.1:${PORT}${path}`, sent);
        expect([service, path, headers, [401, 404, 405].includes(status)]).toEqual([
          service,
          path,
          headers,
          true,
        ]);
      }
    }
  }
});

test('a service that is killed is started again', async () => {
  const pid = system.pids().get('backend');
  if (pid === undefined) throw new Error('the backend is not running');
  process.kill(pid, 'SIGKILL');
  await waitFor(() => system.pids().get('backend') !== pid && system.pids().has('backend'), {});
  await waitFor(async () => (await system.api('/api/me')).ok);
});
