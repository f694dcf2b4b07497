import { createHmac } from 'node:crypto';
import type { ForgeWebhook } from '@saas-codex/contracts/pull-requests';
import { FORGE_TOKEN, REPOSITORY, ShippedWorld } from '@saas-codex/testing/backend/shipped-world';
import { type GiteaWorld, startGitea } from '@saas-codex/testing/forges/gitea';
import {
  type GiteaPullRequestState,
  giteaPullRequests,
} from '@saas-codex/testing/forges/gitea-pull-requests';
import { waitFor } from '@saas-codex/testing/wait-for';

let gitea: GiteaWorld;
let state: GiteaPullRequestState;
let world: ShippedWorld;
const MAY = ['read:user', 'read:repository', 'write:repository', 'write:issue'];
const may = (scopes: string[]) => gitea.tokens.set(FORGE_TOKEN, { login: 'ada', scopes });

beforeAll(async () => {
  state = giteaPullRequests();
  gitea = await startGitea(state.endpoints);
  may(MAY);
  const branches: Record<string, { commit: string }> = { main: { commit: 'b'.repeat(40) } };
  gitea.repositories.set(REPOSITORY, { private: true, branches, rights: { ada: 'write' } });
  const { url, host, stop } = gitea;
  const setBranch = (name: string, commit: string) => {
    branches[name] = { commit };
  };
  world = await ShippedWorld.of({ kind: 'gitea', url, host, setBranch, stop });
});
afterAll(async () => {
  const { wrong } = gitea;
  await world.stop();
  expect(wrong).toEqual([]);
});

const ofBranch = (branch: string) => state.all.filter(({ head }) => head === branch);

describe('a pull request at Gitea', () => {
  it('is a draft by its title, is opened once, and stays a draft when it is changed', async () => {
    state.labels.push('codex');
    const { id, branch } = await world.pushed();
    await world.open(id, { body: 'Asked for in #12.', labels: ['codex'], reviewers: ['hubot'] });
    const opened = await world.isReady(id);
    expect(opened).toMatchObject({ state: 'draft', title: 'Say hello', base: 'main', conflicts: null });
    const [there] = ofBranch(branch);
    expect(there).toMatchObject({ title: 'WIP: Say hello', labels: ['codex'], reviewers: ['hubot'] });
    await world.call('PATCH', `/api/sessions/${id}/pull-request`, { title: 'Say bonjour', labels: [] });
    await waitFor(() => there?.title === 'WIP: Say bonjour' && there.labels.length === 0);
    expect(await world.isReady(id)).toMatchObject({ title: 'Say bonjour' });
    state.saysDrafts = false;
    expect(await world.askNow(id)).toMatchObject({ state: 'draft', title: 'Say bonjour', conflicts: null });
    state.saysDrafts = true;

    // Somebody at the forge says that it is ready.
    Object.assign(there ?? {}, { title: 'Say bonjour' });
    expect(await world.askNow(id)).toMatchObject({ state: 'open', title: 'Say bonjour', conflicts: false });
    await world.call('PATCH', `/api/sessions/${id}/pull-request`, { title: 'Say hola' });
    await waitFor(() => there?.title === 'Say hola');
    expect(ofBranch(branch)).toHaveLength(1);
  });

  it('finds the one that is open, and names a label that the repository does not have', async () => {
    const { id, branch } = await world.pushed();
    const now = new Date().toISOString();
    const [one] = state.all;
    if (one)
      state.all.push({ ...one, number: state.all.length + 1, head: branch, createdAt: now, labels: [] });
    await world.open(id, { labels: ['urgent'] });
    const refused = await world.is(id, ({ failure }) => failure !== null);
    expect(refused.failure).toMatchObject({
      code: 'forge_refused',
      detail: expect.stringContaining('“urgent”'),
    });
    expect(ofBranch(branch)).toHaveLength(1);
  });

  it('shows statuses, the last review of each person, comments and conflicts', async () => {
    const { id, branch, commit } = await world.pushed();
    await world.open(id, { draft: false });
    await world.isReady(id);
    const status = (context: string, name: string) => ({
      context,
      status: name,
      description: `${context} ${name}`,
    });
    state.statuses.set(commit, [
      status('lint', 'success'),
      status('test', 'failure'),
      status('old', 'skipped'),
    ]);
    const [there] = ofBranch(branch);
    Object.assign(there ?? {}, {
      mergeable: false,
      reviews: [
        { login: 'mona', state: 'REQUEST_CHANGES', body: 'Say it in German.' },
        {
          login: 'mona',
          state: 'COMMENT',
          body: '',
          comments: [
            { path: 'src/hello.ts', line: 3, body: 'Here.' },
            { path: 'src/gone.ts', line: 0, body: 'Was here.' },
          ],
        },
        { login: 'hubot', state: 'APPROVED', body: '', dismissed: true },
        { login: 'lisa', state: 'REQUEST_REVIEW', body: '' },
      ],
    });
    // Gitea has just begun to look for conflicts.
    expect(await world.askNow(id)).toMatchObject({ conflicts: null });
    Object.assign(there ?? {}, { updatedAt: new Date(Date.now() - 120_000).toISOString() });
    const seen = await world.askNow(id);
    expect(seen).toMatchObject({ state: 'open', checks_state: 'failed', conflicts: true });
    expect(seen.checks.map(({ name, state: is }) => `${name} ${is}`)).toEqual([
      'lint passed',
      'old passed',
      'test failed',
    ]);
    expect(seen.reviews.map(({ author, state: is }) => `${author} ${is}`)).toEqual([
      'mona changes_requested',
      'hubot commented',
    ]);
    expect(seen.comments).toMatchObject([
      { path: 'src/hello.ts', line: 3 },
      { path: 'src/gone.ts', line: null },
    ]);
    expect(seen.prompt).toContain('mona comments on src/hello.ts, line 3:\n\n> Here.');
  });

  it('shows our evidence, and is merged at the forge, whose report is signed as GitHub signs', async () => {
    const { id, branch, commit } = await world.pushed();
    await world.open(id);
    await world.isReady(id);
    await world.show(id, commit, 'passed');
    await world.scan();
    const [there] = ofBranch(branch);
    expect(there).toMatchObject({
      title: 'WIP: Say hello',
      body: expect.stringContaining('**Checks passed**'),
    });
    expect(state.statuses.get(commit)).toMatchObject([{ context: 'saas-codex/checks', status: 'success' }]);

    Object.assign(there ?? {}, { state: 'closed', merged: true });
    const { body: webhook } = await world.call<ForgeWebhook>('POST', `/api/forges/${world.forgeId}/webhook`);
    const report = JSON.stringify({
      action: 'closed',
      number: there?.number,
      pull_request: { number: there?.number },
      repository: { full_name: REPOSITORY },
    });
    const signature = `sha256=${createHmac('sha256', webhook.secret ?? '')
      .update(report)
      .digest('hex')}`;
    const sent = await fetch(`${world.backend.url}/api/webhooks/${world.forgeId}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-hub-signature-256': signature },
      body: report,
    });
    expect(sent.status).toBe(204);
    await world.is(id, (one) => one.state === 'merged');
  });

  it('says which right the token lacks', async () => {
    may(MAY.filter((scope) => scope !== 'write:repository'));
    const { id } = await world.pushed();
    await world.open(id);
    const refused = await world.is(id, ({ failure }) => failure !== null);
    expect(refused.failure).toMatchObject({
      code: 'forge_forbidden',
      detail: expect.stringContaining('write:repository'),
    });
    may(MAY);
  });
});
