import { createHmac } from 'node:crypto';
import type { ForgeWebhook } from '@saas-codex/contracts/pull-requests';
import { FORGE_TOKEN, REPOSITORY, ShippedWorld } from '@saas-codex/testing/backend/shipped-world';
import { type BitbucketWorld, startBitbucket } from '@saas-codex/testing/forges/bitbucket';
import {
  type BitbucketPullRequestState,
  bitbucketPullRequests,
} from '@saas-codex/testing/forges/bitbucket-pull-requests';
import { waitFor } from '@saas-codex/testing/wait-for';
import { newsOf } from '../src/pull-requests/forge-news.js';

const MAY = ['repository:write', 'pullrequest:write'];
const account = (nickname: string, digit: string) => ({
  nickname,
  uuid: `{${digit.repeat(8)}-0000-4000-8000-${digit.repeat(12)}}`,
});
const [mona, hubot, lisa] = [account('mona', 'a'), account('hubot', 'b'), account('lisa', 'c')];

let bitbucket: BitbucketWorld;
let state: BitbucketPullRequestState;
let world: ShippedWorld;
const may = (scopes: string[]) => bitbucket.tokens.set(FORGE_TOKEN, { workspace: 'acme', scopes });

beforeAll(async () => {
  state = bitbucketPullRequests();
  state.people.push(mona, hubot, lisa);
  bitbucket = await startBitbucket(state.endpoints);
  may(MAY);
  const branches: Record<string, string> = { main: 'b'.repeat(40) };
  bitbucket.repositories.set(REPOSITORY, { name: 'App', private: true, branches });
  const { url, host, stop } = bitbucket;
  const setBranch = (name: string, commit: string) => {
    branches[name] = commit;
  };
  world = await ShippedWorld.of({ kind: 'bitbucket', workspace: 'acme', url, host, setBranch, stop });
});
afterAll(async () => {
  const { wrong } = bitbucket;
  await world.stop();
  expect(wrong).toEqual([]);
});

const ofBranch = (branch: string) => state.all.filter(({ source }) => source === branch);

describe('a pull request at Bitbucket', () => {
  it('is a draft, is opened once, and keeps what a change leaves out', async () => {
    const { id, branch, commit } = await world.pushed();
    await world.open(id, { body: 'Asked for in #12.' });
    const opened = await world.isReady(id);
    expect(opened).toMatchObject({ state: 'draft', title: 'Say hello', base: 'main', conflicts: null });
    const [there] = ofBranch(branch);
    expect(there).toMatchObject({ draft: true, description: 'Asked for in #12.', destination: 'main' });
    // Pull requests have the first digits of a commit, and checks are asked for by all of them.
    expect(bitbucket.calls).toContain(`GET /repositories/${REPOSITORY}/commit/${commit}/statuses`);

    Object.assign(there ?? {}, { reviewers: [hubot.uuid], closeSourceBranch: true });
    await world.call('PATCH', `/api/sessions/${id}/pull-request`, { title: 'Say bonjour' });
    await waitFor(() => there?.title === 'Say bonjour');
    expect(there).toMatchObject({ draft: true, closeSourceBranch: true, reviewers: [hubot.uuid] });
    expect(await world.isReady(id)).toMatchObject({ state: 'draft', title: 'Say bonjour' });

    // Somebody at the forge says that it is ready.
    Object.assign(there ?? {}, { draft: false });
    expect(await world.askNow(id)).toMatchObject({ state: 'open' });
    Object.assign(there ?? {}, { state: 'DECLINED' });
    expect(await world.askNow(id)).toMatchObject({ state: 'closed' });
    expect(ofBranch(branch)).toHaveLength(1);
  });

  it('finds the one that is open, but not that of a fork', async () => {
    const { id, branch } = await world.pushed();
    const [one] = state.all;
    if (!one) throw new Error('There is none.');
    const another = () => ({
      ...structuredClone(one),
      id: state.all.length + 1,
      state: 'OPEN' as const,
      source: branch,
      createdAt: new Date().toISOString(),
    });
    const ours = another();
    state.all.push(ours);
    state.all.push({ ...another(), fork: 'somebody/app' });
    await world.open(id);
    expect(await world.isReady(id)).toMatchObject({ number: ours.id });
    expect(ofBranch(branch)).toHaveLength(2);
  });

  it('asks for a review by nickname or UUID, and says that there are no labels', async () => {
    const { id, branch } = await world.pushed();
    for (const one of state.all) one.participants.push({ by: mona, state: null });
    await world.open(id, { reviewers: ['Mona', lisa.uuid] });
    await world.isReady(id);
    const [there] = ofBranch(branch);
    expect(there?.reviewers).toEqual([mona.uuid, lisa.uuid]);
    const change = async (body: object, words: string) => {
      await world.call('PATCH', `/api/sessions/${id}/pull-request`, body);
      const refused = await world.is(id, ({ failure }) => failure?.detail.includes(words) === true);
      expect(refused.failure).toMatchObject({ code: 'forge_refused' });
    };
    await change({ labels: ['urgent'] }, 'has no labels. Leave “urgent” out');
    await change({ labels: [], reviewers: ['stranger'] }, '“stranger”');
    expect(there?.reviewers).toEqual([mona.uuid, lisa.uuid]);
  });

  it('shows statuses, what each person thinks, and comments at lines', async () => {
    const { id, branch, commit } = await world.pushed();
    await world.open(id, { draft: false });
    await world.isReady(id);
    const type = 'build';
    const more = Array.from({ length: 100 }, (_, n) => ({
      type,
      key: `z${n}`,
      state: 'SUCCESSFUL' as const,
    }));
    state.statuses.set(commit, [
      ...more,
      { type, key: 'x1', name: 'lint', state: 'SUCCESSFUL' },
      { type, key: 'x2', name: 'build', state: 'INPROGRESS', url: 'https://ci.example.org/2' },
      { type, key: 'x3', name: 'test', state: 'STOPPED', description: 'Took too long' },
    ]);
    const [there] = ofBranch(branch);
    Object.assign(there ?? {}, {
      participants: [
        { by: mona, state: 'changes_requested' },
        { by: hubot, state: 'approved' },
        { by: lisa, state: null },
      ],
      comments: [
        { by: mona, text: 'Say it in German.' },
        { by: lisa, text: 'Nice.' },
        { by: mona, text: 'Here.', inline: { path: 'src/hello.ts', to: 3 } },
        { by: mona, text: 'Was here.', inline: { path: 'src/hello.ts', to: 9, outdated: true } },
        { by: mona, text: 'Gone.', inline: { path: 'src/gone.ts', to: null } },
        { by: mona, text: 'Taken back.', deleted: true },
        { by: mona, text: 'Not sent.', pending: true, inline: { path: 'src/hello.ts', to: 4 } },
      ],
    });
    const seen = await world.askNow(id);
    expect(seen).toMatchObject({ state: 'open', checks_state: 'failed', conflicts: null });
    const known = seen.checks.filter(({ name }) => !name.startsWith('z'));
    expect(seen.checks).toHaveLength(103);
    expect(known).toMatchObject([
      { name: 'build', state: 'pending', url: 'https://ci.example.org/2' },
      { name: 'lint', state: 'passed', url: null },
      { name: 'test', state: 'failed', summary: 'Took too long' },
    ]);
    const reviews = seen.reviews.map(({ author, state: is, body }) => `${author} ${is} ${body}`);
    expect(reviews.toSorted()).toEqual([
      'hubot approved ',
      'lisa commented Nice.',
      'mona changes_requested Say it in German.',
    ]);
    expect(seen.comments.map(({ path, line, body }) => ({ path, line, body }))).toEqual([
      { path: 'src/hello.ts', line: 3, body: 'Here.' },
      { path: 'src/hello.ts', line: null, body: 'Was here.' },
      { path: 'src/gone.ts', line: null, body: 'Gone.' },
    ]);
    expect(seen.prompt).toContain('mona comments on src/hello.ts, line 3:\n\n> Here.');
  });

  it('shows our evidence without our marks, and is merged at the forge, which reports it twice', async () => {
    const { id, branch, commit } = await world.pushed();
    await world.open(id);
    await world.isReady(id);
    await world.show(id, commit, 'passed');
    await world.scan();
    const [there] = ofBranch(branch);
    expect(there?.description).toContain('**Checks passed**');
    expect(there?.description).toContain('[//]: # (saas-codex: evidence)\n');
    expect(there?.description).not.toContain('<!-- saas-codex');
    expect(state.statuses.get(commit)).toMatchObject([{ key: 'saas-codex/checks', state: 'SUCCESSFUL' }]);
    const written = bitbucket.calls.filter((call) => call.startsWith('PUT')).length;
    await world.askNow(id);
    expect(bitbucket.calls.filter((call) => call.startsWith('PUT'))).toHaveLength(written);

    Object.assign(there ?? {}, { state: 'MERGED' });
    const { body: webhook } = await world.call<ForgeWebhook>('POST', `/api/forges/${world.forgeId}/webhook`);
    const report = JSON.stringify({
      pullrequest: { id: there?.id },
      repository: { full_name: REPOSITORY },
    });
    const deliver = async (secret: string, attempt: number) => {
      const signature = `sha256=${createHmac('sha256', secret).update(report).digest('hex')}`;
      const sent = await fetch(`${world.backend.url}/api/webhooks/${world.forgeId}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-event-key': 'pullrequest:fulfilled',
          'x-request-uuid': 'always-the-same',
          'x-attempt-number': String(attempt),
          'x-hub-signature': signature,
        },
        body: report,
      });
      return sent.status;
    };
    expect(await deliver('wrong', 1)).toBe(401);
    expect(await deliver(webhook.secret ?? '', 1)).toBe(204);
    expect(await deliver(webhook.secret ?? '', 2)).toBe(204);
    await world.is(id, (one) => one.state === 'merged');
  });

  it('says which right the token lacks', async () => {
    may(['repository:write', 'pullrequest']);
    const { id } = await world.pushed();
    await world.open(id);
    const refused = await world.is(id, ({ failure }) => failure !== null);
    expect(refused.failure).toMatchObject({
      code: 'forge_forbidden',
      detail: expect.stringContaining('pullrequest:write'),
    });
    may(MAY);
  });
});

test('a report of Bitbucket names what it is about', () => {
  const about = (payload: object) =>
    newsOf('bitbucket.org', { repository: { full_name: 'Acme/app' }, ...payload });
  const change = (to: string | null) => ({ new: to && { type: 'branch', name: to }, old: null });
  expect(about({ push: { changes: [change('feature'), change(null)] } })).toEqual({
    repository: 'bitbucket.org/acme/app',
    numbers: [],
    branches: ['feature'],
    commits: [],
  });
  const href = `https://api.bitbucket.org/2.0/repositories/acme/app/commit/${'a'.repeat(40)}`;
  const commit_status = { refname: null, links: { commit: { href } } };
  expect(about({ commit_status })).toMatchObject({ branches: [], commits: ['a'.repeat(40)] });
});
