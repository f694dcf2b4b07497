import type { ForgeWebhook } from '@saas-codex/contracts/pull-requests';
import { FORGE_TOKEN, REPOSITORY, ShippedWorld } from '@saas-codex/testing/backend/shipped-world';
import { startGitlab } from '@saas-codex/testing/forges/gitlab';
import {
  type GitlabMergeRequestState,
  gitlabMergeRequests,
} from '@saas-codex/testing/forges/gitlab-merge-requests';
import type { GitlabWorld } from '@saas-codex/testing/forges/gitlab-world';
import { waitFor } from '@saas-codex/testing/wait-for';

/* GitLab is stood in for by a server that refuses what GitLab would not take. */

let gitlab: GitlabWorld;
let state: GitlabMergeRequestState;
let world: ShippedWorld;
const MAY = ['api'];
const may = (scopes: string[]) => gitlab.tokens.set(FORGE_TOKEN, { login: 'ada', scopes });

beforeAll(async () => {
  state = gitlabMergeRequests();
  gitlab = await startGitlab(state.endpoints);
  may(MAY);
  for (const [id, login] of ['ada', 'mona', 'hubot'].entries()) gitlab.users.set(login, id + 1);
  const branches: Record<string, { commit: string }> = { main: { commit: 'b'.repeat(40) } };
  gitlab.repositories.set(REPOSITORY, { private: true, branches, rights: { ada: 30 } });
  const { url, host, stop } = gitlab;
  const setBranch = (name: string, commit: string) => {
    branches[name] = { commit };
  };
  world = await ShippedWorld.of({ kind: 'gitlab', url, host, setBranch, stop });
});
afterAll(async () => {
  const { wrong } = gitlab;
  await world.stop();
  expect(wrong).toEqual([]);
});

const ofBranch = (branch: string) => state.all.filter(({ source }) => source === branch);

/** The merge request of a session that has just pushed. */
async function opened(body: object = {}) {
  const pushed = await world.pushed();
  await world.open(pushed.id, body);
  await world.isReady(pushed.id);
  const [there] = ofBranch(pushed.branch);
  if (!there) throw new Error('There is no merge request.');
  return { ...pushed, there };
}

async function makeWebhook() {
  const { body } = await world.call<ForgeWebhook>('POST', `/api/forges/${world.forgeId}/webhook`);
  return body.secret ?? '';
}

/** As GitLab delivers, which repeats a delivery with the same UUID. */
const deliver = (payload: object, secret: string) =>
  fetch(`${world.backend.url}/api/webhooks/${world.forgeId}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-gitlab-event-uuid': 'always-the-same',
      'idempotency-key': 'always-the-same',
      'x-gitlab-token': secret,
    },
    body: JSON.stringify(payload),
  });

describe('a merge request', () => {
  it('is a draft by its title, is opened once, and stays a draft when it is changed', async () => {
    const { id, branch, there } = await opened({
      body: 'Asked for in #12.',
      labels: ['codex'],
      reviewers: ['hubot'],
    });
    expect(there).toMatchObject({ title: 'Draft: Say hello', labels: ['codex'], reviewers: [3] });
    expect(await world.read(id)).toMatchObject({
      state: 'draft',
      title: 'Say hello',
      base: 'main',
      conflicts: null,
      url: `${gitlab.url}/${REPOSITORY}/-/merge_requests/${there.iid}`,
    });
    await world.call('PATCH', `/api/sessions/${id}/pull-request`, { title: 'Say bonjour', labels: [] });
    await waitFor(() => there.title === 'Draft: Say bonjour' && there.labels.length === 0);
    expect(await world.isReady(id)).toMatchObject({ title: 'Say bonjour' });

    // Somebody at GitLab says that it is ready.
    Object.assign(there, { title: 'Say bonjour', mergeStatus: 'can_be_merged' });
    expect(await world.askNow(id)).toMatchObject({ state: 'open', title: 'Say bonjour', conflicts: false });
    Object.assign(there, { mergeStatus: 'cannot_be_merged' });
    expect(await world.askNow(id)).toMatchObject({ conflicts: true });
    Object.assign(there, { mergeStatus: 'checking' });
    expect(await world.askNow(id)).toMatchObject({ conflicts: null });
    await world.call('PATCH', `/api/sessions/${id}/pull-request`, { title: 'Say hola' });
    await waitFor(() => there.title === 'Say hola');
    expect(ofBranch(branch)).toHaveLength(1);
  });

  it('is found if it is open already, unless it comes from a fork', async () => {
    const { there } = await opened();
    const { id, branch } = await world.pushed();
    const fork = { ...there, iid: state.all.length + 1, source: branch, sourceProject: 2 };
    state.all.push(fork, { ...fork, iid: fork.iid + 1, sourceProject: there.sourceProject });
    await world.open(id);
    expect(await world.isReady(id)).toMatchObject({ number: fork.iid + 1 });
    expect(ofBranch(branch)).toHaveLength(2);
  });

  it('says of lines that look like commands of GitLab what was written, and runs none', async () => {
    const body = 'It does this:\n/merge\n/assign @mona\r\n\r/close\n/usr/bin is not one';
    const { id, there } = await opened({ body });
    expect(there.description).toBe(
      'It does this:\n\\/merge\n\\/assign @mona\r\n\r\\/close\n/usr/bin is not one',
    );
    await world.call('PATCH', `/api/sessions/${id}/pull-request`, { title: 'Say hola' });
    await waitFor(() => there.title === 'Draft: Say hola');
    expect(await world.isReady(id)).toMatchObject({ body, failure: null });
  });

  it('has the reviewers that GitLab lets it have, and names the others', async () => {
    const { id, there } = await opened({ reviewers: ['mona'] });
    await world.call('PATCH', `/api/sessions/${id}/pull-request`, { reviewers: ['hubot'] });
    await waitFor(() => there.reviewers.length === 2);
    expect(there.reviewers).toEqual([3, 2]);
    state.hasPremium = false;
    const other = await world.pushed();
    await world.open(other.id, { reviewers: ['mona', 'hubot'] });
    const refused = await world.is(other.id, ({ failure }) => failure !== null);
    expect(refused.failure).toMatchObject({
      code: 'forge_refused',
      detail: expect.stringContaining('did not ask “hubot”'),
    });
    state.hasPremium = true;
    const third = await world.pushed();
    await world.open(third.id, { reviewers: ['stranger'] });
    const unknown = await world.is(third.id, ({ failure }) => failure !== null);
    expect(unknown.failure?.detail).toContain('nobody with the user name “stranger”');
  });

  it('shows jobs with the end of their logs, and statuses of other programs', async () => {
    const { id, commit } = await opened({ draft: false });
    const status = (job: number, name: string, is: string, more: object = {}) => ({
      id: job,
      name,
      status: is,
      description: null,
      target_url: `${gitlab.url}/${REPOSITORY}/-/jobs/${job}`,
      allow_failure: false,
      ...more,
    });
    const all = [
      status(8, 'test', 'success'),
      status(5, 'test', 'failed'),
      status(4, 'build', 'success'),
      status(6, 'deploy', 'manual', { allow_failure: true }),
      status(7, 'fuzz', 'failed', { allow_failure: true }),
      status(9, 'lint', 'failed'),
      status(10, 'audit', 'failed', { target_url: 'https://audit.example.org/10', description: 'Two found' }),
      status(11, 'wait', 'waiting_for_resource'),
    ];
    // More than a page, of which the last one counts.
    const many = Array.from({ length: 100 }, (_, n) => status(100 + n, `many-${n % 2}`, 'success'));
    state.statuses.set(commit, [...all, ...many]);
    const line = (text: string) => `2026-11-30T10:00:00.000000Z 00O ${text}\n`;
    const fold = 'section_start:1764496800:step_script[collapsed=true]\r\u001B[0K';
    const ends = `${fold}\u001B[31;1mhello.ts:3: no semicolon\u001B[0;m\n10 %\r100 %\nERROR: Job failed: exit code 1`;
    state.logs.set(9, 'x'.repeat(7_000) + '\n' + line('Running') + ends);
    const seen = await world.askNow(id);
    expect(seen.checks_state).toBe('failed');
    expect(seen.checks.map(({ name, state: is }) => `${name} ${is}`)).toEqual([
      'audit failed',
      'build passed',
      'deploy passed',
      'fuzz passed',
      'lint failed',
      'many-0 passed',
      'many-1 passed',
      'test passed',
      'wait pending',
    ]);
    const [audit, lint] = ['audit', 'lint'].map((name) => seen.checks.find((one) => one.name === name));
    expect(audit).toMatchObject({ summary: 'Two found', log: null });
    expect(lint?.log).toMatch(
      /^…x+\nRunning\nhello\.ts:3: no semicolon\n100 %\nERROR: Job failed: exit code 1$/,
    );
    expect(lint?.log?.length).toBe(6_001);
    expect(gitlab.calls.filter((call) => call.endsWith('/trace'))).toHaveLength(1);
    expect(seen.prompt).toContain('> hello.ts:3: no semicolon');
  });

  it('shows how logs end that were written to keep whoever reads them busy', async () => {
    const { id, commit } = await opened();
    const failed = (job: number) => ({
      id: job,
      name: `job ${job}`,
      status: 'failed',
      description: null,
      target_url: `${gitlab.url}/${REPOSITORY}/-/jobs/${job}`,
      allow_failure: false,
    });
    const logs = new Map([
      [21, 'section_start:1:'.repeat(150_000)],
      [22, 'x'.repeat(1_000_000) + '\u001B[' + '?;'.repeat(45_000)],
      [23, `Much\n${'2026-11-30T'.repeat(150_000)}`],
    ]);
    for (const [job, text] of logs) state.logs.set(job, `${text}\nERROR: Job failed: exit code 1`);
    state.statuses.set(commit, [...logs.keys()].map(failed));
    const { checks } = await world.askNow(id);
    expect(checks).toHaveLength(logs.size);
    for (const { log } of checks) expect(log).toMatch(/\nERROR: Job failed: exit code 1$/);
  });

  it('shows who approves, who asks for changes, and threads at lines that are not resolved', async () => {
    const { id, there } = await opened();
    Object.assign(there, {
      approvals: ['hubot'],
      changesRequested: ['mona'],
      discussions: [
        [{ login: 'mona', body: 'Nice.' }],
        [{ login: 'mona', body: 'Say it in German.' }],
        [{ login: 'ada', body: 'I will.' }],
        [{ login: 'lisa', body: 'approved this merge request', system: true }],
        [
          { login: 'mona', body: 'Here.', resolved: false, position: { path: 'src/hello.ts', line: 3 } },
          { login: 'lisa', body: 'Yes.', resolved: false, position: { path: 'src/hello.ts', line: 3 } },
        ],
        [
          {
            login: 'mona',
            body: 'It was needed.',
            resolved: false,
            position: { path: 'src/bye.ts', line: 7, isOld: true },
          },
        ],
        [
          {
            login: 'mona',
            body: 'Was here.',
            resolved: false,
            position: { path: 'src/gone.ts', line: 9, at: 'c'.repeat(40) },
          },
        ],
        [{ login: 'mona', body: 'Done.', resolved: true, position: { path: 'src/done.ts', line: 1 } }],
      ],
    });
    const seen = await world.askNow(id);
    expect(seen.reviews).toMatchObject([
      { author: 'mona', state: 'changes_requested', body: 'Say it in German.' },
      { author: 'hubot', state: 'approved', body: '' },
    ]);
    expect(seen.comments).toMatchObject([
      {
        author: 'mona',
        path: 'src/hello.ts',
        line: 3,
        url: expect.stringMatching(/merge_requests\/\d+#note_40$/),
      },
      { author: 'lisa', path: 'src/hello.ts', line: 3 },
      { author: 'mona', path: 'src/bye.ts', line: 7 },
      { author: 'mona', path: 'src/gone.ts', line: null },
    ]);
    expect(seen.prompt).toContain('mona asks for changes:\n\n> Say it in German.');
    expect(seen.prompt).toContain('mona comments on src/hello.ts, line 3:\n\n> Here.');
    expect(seen.prompt).not.toContain('Was here.');
  });

  it('shows our evidence, once', async () => {
    const { id, commit, there } = await opened();
    await world.show(id, commit, 'failed');
    await world.scan();
    expect(there).toMatchObject({
      title: 'Draft: Say hello',
      description: expect.stringContaining('**Checks failed**'),
    });
    const [status] = state.statuses.get(commit) ?? [];
    expect(status).toMatchObject({ name: 'saas-codex/checks', status: 'failed' });
    await world.askNow(id);
    expect(state.statuses.get(commit)).toEqual([status]);
    expect(await world.read(id)).toMatchObject({ checks_state: 'failed' });
  });

  it.each([['read_api'], ['write_repository']])('says which scope a token with %s lacks', async (scope) => {
    may([scope]);
    const { id } = await world.pushed();
    await world.open(id);
    const refused = await world.is(id, ({ failure }) => failure !== null);
    expect(refused.failure).toMatchObject({
      code: 'forge_forbidden',
      detail: expect.stringContaining('needs the scope api'),
    });
    may(MAY);
  });
});

describe('a report of GitLab', () => {
  const project = { path_with_namespace: REPOSITORY };
  const sha = (commit: string) => ({ sha: commit, ref: 'refs/merge-requests/1/head' });
  it.each([
    ['merge_request', (iid: number) => ({ project, object_attributes: { iid, state: 'opened' } })],
    ['note', (iid: number) => ({ project, object_attributes: { id: 1 }, merge_request: { iid } })],
    ['pipeline', (_: number, commit: string) => ({ project, object_attributes: { id: 2, ...sha(commit) } })],
    [
      'build',
      (_: number, commit: string) => ({
        ...sha(commit),
        repository: { homepage: `${gitlab.url}/${REPOSITORY}` },
      }),
    ],
    ['push', (_: number, __: string, branch: string) => ({ project, ref: `refs/heads/${branch}` })],
  ])('of kind %s has the merge request read at once, once or twice', async (object_kind, about) => {
    const { id, commit, branch, there } = await opened();
    const secret = await makeWebhook();
    await world.sql(`UPDATE pull_requests SET next_at = now() + interval '1 hour' WHERE session_id = $1`, [
      id,
    ]);
    const before = (await world.read(id)).read_at;
    Object.assign(there, { title: 'Say it' });
    const payload = { object_kind, ...about(there.iid, commit, branch) };
    expect((await deliver(payload, secret)).status).toBe(204);
    await world.is(id, ({ read_at: at, state: is }) => at !== before && is === 'open');
    expect((await deliver(payload, secret)).status).toBe(204);
    await world.isReady(id);
  });

  it('without the secret is refused, and one about something else changes nothing', async () => {
    const { id, there } = await opened();
    const earlier = await makeWebhook();
    const secret = await makeWebhook();
    await world.sql(`UPDATE pull_requests SET next_at = now() + interval '1 hour' WHERE session_id = $1`, [
      id,
    ]);
    const { read_at: before } = await world.read(id);
    const payload = { object_kind: 'merge_request', project, object_attributes: { iid: there.iid } };
    for (const wrong of ['', earlier, secret.slice(1), FORGE_TOKEN])
      expect((await deliver(payload, wrong)).status).toBe(401);
    const others = [
      { ...payload, object_kind: 'issue' },
      { ...payload, project: { path_with_namespace: 'acme/other' } },
      { object_kind: 'build', repository: { homepage: 'acme' } },
      { project },
      {},
    ];
    for (const other of others) expect((await deliver(other, secret)).status).toBe(204);
    await world.scan();
    expect((await world.read(id)).read_at).toBe(before);

    Object.assign(there, { state: 'merged' });
    expect((await deliver(payload, secret)).status).toBe(204);
    await world.is(id, (one) => one.state === 'merged');
  });
});
