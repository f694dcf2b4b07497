import { jest } from '@jest/globals';
import type { Session } from '@saas-codex/contracts/sessions';
import {
  CREATE,
  expectOneInSpiteOf,
  expectOneInSpiteOfAnEnd,
  LIST,
  OPERATIONS,
  said,
  strike,
} from '@saas-codex/testing/backend/forge-faults';
import { PullRequestsWorld } from '@saas-codex/testing/backend/pull-requests-world';
import { REPOSITORY } from '@saas-codex/testing/backend/shipped-world';
import { waitFor } from '@saas-codex/testing/wait-for';
import { PullRequestStore } from '../src/pull-requests/pull-request-store.js';

let world: PullRequestsWorld;
beforeAll(async () => {
  world = await PullRequestsWorld.start();
});
afterEach(() => {
  world.github.fault = () => null;
});
afterAll(async () => {
  const { wrong } = world.github;
  await world.stop();
  // Every call was one that GitHub describes.
  expect(wrong).toEqual([]);
});

const ofBranch = (branch: string) => world.ofBranch(branch);
const at = (one: Session | undefined) => one?.pull_request;

describe('a pull request', () => {
  it('is opened for the branch that was pushed, and changed where there is one', async () => {
    const { id, branch, commit } = await world.pushed();
    const asked = await world.open(id, {
      body: 'Asked for in #12.',
      labels: ['codex'],
      reviewers: ['hubot'],
    });
    expect(asked).toMatchObject({ status: 202, body: { status: 'pending', number: null, head: branch } });
    const opened = await world.isReady(id);
    expect(opened).toMatchObject({ state: 'draft', base: 'main', title: 'Say hello', conflicts: null });
    const [there] = ofBranch(branch);
    expect(there).toMatchObject({
      body: 'Asked for in #12.',
      draft: true,
      labels: ['codex'],
      reviewers: ['hubot'],
    });
    expect(opened.url).toBe(`${world.github.url}/${REPOSITORY}/pull/${opened.number}`);
    const { body: session } = await world.call<Session>('GET', `/api/sessions/${id}`);
    expect(at(session)).toMatchObject({
      status: 'ready',
      number: opened.number,
      state: 'draft',
      checks: null,
    });

    await world.call('PATCH', `/api/sessions/${id}/pull-request`, {
      title: 'Say hello in French',
      labels: [],
    });
    await waitFor(() => there?.title === 'Say hello in French' && there.labels.length === 0);
    await world.open(id, { title: 'Say bonjour' });
    await waitFor(() => there?.title === 'Say bonjour');
    expect(ofBranch(branch)).toHaveLength(1);
    const read = `GET /repos/${REPOSITORY}/commits/${commit}/check-runs?`;
    expect(world.github.calls.some((call) => call.startsWith(read))).toBe(true);
  });

  it('needs something that was pushed, a forge, and a session that is not archived', async () => {
    const { session_id: id } = (await world.call<Session>('POST', '/api/sessions', {})).body;
    expect(await world.open(id)).toMatchObject({ status: 409, body: { code: 'nothing_pushed' } });
    expect((await world.call('GET', `/api/sessions/${id}/pull-request`)).body.code).toBe(
      'pull_request_not_found',
    );
    const patched = await world.call('PATCH', `/api/sessions/${id}/pull-request`, { title: 'x' });
    expect(patched.body.code).toBe('pull_request_not_found');
    const { id: elsewhere, branch } = await world.pushed();
    await world.sql(`UPDATE session_pushes SET repo_url = 'https://git.example.org/a/b' WHERE branch = $1`, [
      branch,
    ]);
    expect((await world.open(elsewhere)).body.code).toBe('forge_missing');
  });

  it('shows the checks with their logs, reviews, comments and conflicts, and one prompt of all', async () => {
    const { id, branch, commit } = await world.pushed();
    await world.open(id);
    await world.isReady(id);
    expect((await world.read(id)).prompt).toBeNull();
    world.state.checks.set(commit, [
      { name: 'build', conclusion: 'success' },
      {
        name: 'test',
        conclusion: 'failure',
        title: '1 test failed',
        summary: 'Expected “Hallo”.\0',
        annotations: [{ path: 'src/hello.ts', line: 3, message: 'Expected Hallo' }],
      },
    ]);
    world.state.statuses.set(commit, [{ context: 'ci/legacy', state: 'pending' }]);
    const [there] = ofBranch(branch);
    Object.assign(there ?? {}, {
      mergeable: false,
      reviews: [
        { login: 'mona', state: 'COMMENTED', body: 'Nice.' },
        { login: 'mona', state: 'CHANGES_REQUESTED', body: 'Say it in German.' },
        { login: 'mona', state: 'COMMENTED', body: 'Please.' },
      ],
      comments: [
        { login: 'mona', path: 'src/hello.ts', line: 3, body: 'Here.\nAnd there.' },
        { login: 'mona', path: 'src/gone.ts', line: null, body: 'Was here.' },
      ],
    });
    const seen = await world.askNow(id);
    expect(seen.checks.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'build passed',
      'ci/legacy pending',
      'test failed',
    ]);
    expect(seen).toMatchObject({ checks_state: 'failed', conflicts: true });
    expect(seen.reviews).toMatchObject([{ author: 'mona', state: 'changes_requested' }]);
    expect(seen.comments).toHaveLength(2);
    expect(seen.prompt).toContain('> Expected “Hallo”.\uFFFD\n> src/hello.ts:3: Expected Hallo');
    expect(seen.prompt).toContain('mona asks for changes:\n\n> Say it in German.');
    expect(seen.prompt).toContain('mona comments on src/hello.ts, line 3:\n\n> Here.\n> And there.');
    expect(seen.prompt).toContain('conflict with the branch `main`');
    expect(seen.prompt).not.toContain('gone.ts');
    const { body: session } = await world.call<Session>('GET', `/api/sessions/${id}`);
    expect(at(session)).toMatchObject({ checks: 'failed' });
  });

  it('shows all of what takes GitHub more than a page to say', async () => {
    const { id, branch, commit } = await world.pushed();
    await world.open(id);
    await world.isReady(id);
    const many = <T>(to: (n: number) => T) => Array.from({ length: 120 }, (_, n) => to(n));
    world.state.checks.set(
      commit,
      many((n) => ({ name: `check ${n}`, conclusion: n < 119 ? 'success' : 'failure' })),
    );
    world.state.statuses.set(
      commit,
      many((n) => ({ context: `status ${n}`, state: n < 119 ? 'success' : 'failure' })),
    );
    const people = many((n) => `person ${n}`);
    Object.assign(ofBranch(branch)[0] ?? {}, {
      reviews: people.map((login) => ({ login, state: 'APPROVED', body: '' })),
      comments: people.map((login) => ({ login, path: 'src/hello.ts', line: 3, body: 'Here.' })),
    });
    const { checks, reviews, comments } = await world.askNow(id);
    expect([checks.length, reviews.length, comments.length]).toEqual([240, 120, 120]);
    const failed = checks.filter(({ state }) => state === 'failed').map(({ name }) => name);
    expect(failed).toEqual(['check 119', 'status 119']);
  });

  it('has names on one line, with a bound, and addresses that are some, whatever was written at GitHub', async () => {
    const { id, branch, commit } = await world.pushed();
    await world.open(id);
    await world.isReady(id);
    const long = `Mend\r\n\u2028it${'x'.repeat(5_000)}`;
    world.state.checks.set(commit, [
      { name: long, conclusion: 'failure', title: long, summary: 'Red\nline' },
    ]);
    const target_url = 'javascript:alert(1)';
    world.state.statuses.set(commit, [{ context: 'x', state: 'failure', description: long, target_url }]);
    Object.assign(ofBranch(branch)[0] ?? {}, {
      title: long,
      reviews: [{ login: long, state: 'APPROVED', body: long }],
      comments: [{ login: long, path: long, line: 1, body: long }],
    });
    const seen = await world.askNow(id);
    const [check, status] = seen.checks;
    const short = (length: number) => `Mend it${'x'.repeat(length - 10)}`;
    const starts = (text: string | null | undefined, max: number) => {
      expect(text?.startsWith(short(max))).toBe(true);
      expect(text?.length).toBeLessThanOrEqual(max);
    };
    starts(check?.name, 200);
    starts(check?.summary, 500);
    expect(check?.log).toBe('Red\nline');
    starts(status?.summary, 500);
    expect(status?.url).toBeNull();
    starts(seen.reviews[0]?.author, 200);
    expect(seen.reviews[0]?.body).toBe(long.slice(0, 4_000));
    starts(seen.comments[0]?.author, 200);
    starts(seen.comments[0]?.path, 1_000);
  });

  it('that was merged or closed elsewhere says so, is not changed, and is followed by another one', async () => {
    const { id, branch } = await world.pushed();
    await world.open(id);
    await world.isReady(id);
    const [first] = ofBranch(branch);
    Object.assign(first ?? {}, { state: 'closed', merged: true });
    expect(await world.askNow(id)).toMatchObject({ state: 'merged', prompt: null });
    const patched = await world.call('PATCH', `/api/sessions/${id}/pull-request`, { title: 'Too late' });
    expect(patched).toMatchObject({ status: 409, body: { code: 'pull_request_ended' } });
    await world.push(id, branch);
    await world.open(id, { draft: false });
    const second = await world.is(id, ({ state }) => state === 'open');
    expect(second.number).toBeGreaterThan(first?.number ?? 0);
    expect(ofBranch(branch)).toHaveLength(2);
    // Closed while a change of it waits for GitHub.
    const reading = 'GET /repos/{owner}/{repo}/pulls/{pull_number}';
    strike(world, reading, { status: 503, body: said('Busy') }, Infinity);
    await world.call('PATCH', `/api/sessions/${id}/pull-request`, { title: 'Say it' });
    await world.is(id, ({ failure }) => failure?.code === 'forge_unavailable');
    world.github.fault = () => null;
    Object.assign(ofBranch(branch)[1] ?? {}, { state: 'closed' });
    expect(await world.askNow(id)).toMatchObject({
      state: 'closed',
      failure: { code: 'pull_request_ended' },
    });
    expect(ofBranch(branch)[1]?.title).toBe('Say hello');
  });

  it('is read again after a push', async () => {
    const { id, branch } = await world.pushed();
    await world.open(id);
    await world.isReady(id);
    const commit = await world.push(id, branch);
    world.state.checks.set(commit, [{ name: 'test', conclusion: 'success' }]);
    await world.scan();
    expect(await world.read(id)).toMatchObject({ checks_state: 'passed' });
  });

  it('that is reported while it is read is read again', async () => {
    const { id } = await world.pushed();
    await world.open(id);
    const { number } = await world.isReady(id);
    const store = world.part(PullRequestStore);
    const { tenantId } = world;
    const answered = jest.spyOn(store, 'answered').mockImplementationOnce(async (...parameters) => {
      const { repository } = parameters[0];
      const news = { repository: repository ?? '', numbers: [number ?? 0], branches: [], commits: [] };
      expect(await store.readSoon({ tenantId }, news)).toHaveLength(1);
      return PullRequestStore.prototype.answered.apply(store, parameters);
    });
    await world.askNow(id);
    answered.mockRestore();
    const calls = world.github.calls.length;
    await world.scan();
    expect(world.github.calls.length).toBeGreaterThan(calls);
  });

  it('whose description may not be changed is followed all the same', async () => {
    const { id, commit } = await world.pushed();
    await world.open(id);
    await world.isReady(id);
    const changes = strike(
      world,
      'PATCH /repos/{owner}/{repo}/pulls/{pull_number}',
      { status: 403, body: said('Not accessible') },
      5,
    );
    await world.show(id, commit, 'passed');
    world.state.checks.set(commit, [{ name: 'test', conclusion: 'failure' }]);
    expect(await world.askNow(id)).toMatchObject({ status: 'ready', failure: null, checks_state: 'failed' });
    expect(changes()).toBeGreaterThan(0);
  });

  it('shows what our checks have shown of exactly its files, once, and takes it back after another push', async () => {
    const { id, branch, commit } = await world.pushed();
    await world.open(id, { body: 'Asked for in #12.' });
    await world.isReady(id);
    await world.show(id, commit, 'failed');
    await world.scan();
    const [there] = ofBranch(branch);
    expect(there?.body).toMatch(
      /^Asked for in #12\.\n\n<!-- saas-codex: evidence -->\n\*\*Checks failed\*\*/,
    );
    expect(there?.body).toContain(
      '| `Test   @mona < !-- saas-codex: end of the evidence -->` | failed | 12 s |',
    );
    expect(there?.body).toContain(`tree \`${commit}\``);
    expect(world.state.statuses.get(commit)).toMatchObject([
      {
        context: 'saas-codex/checks',
        state: 'failure',
        description: expect.stringMatching(/^0 of 1 passed, evidence /),
      },
    ]);
    expect(await world.askNow(id)).toMatchObject({ checks_state: 'failed', body: 'Asked for in #12.' });
    const writes = () =>
      world.github.calls.filter((call) => /^(PATCH|POST) .*(statuses|pulls\/\d+)/.test(call));
    const before = writes().length;
    await world.askNow(id);
    expect(writes()).toHaveLength(before);

    await world.call('PATCH', `/api/sessions/${id}/pull-request`, { body: 'Asked for in #13.' });
    await waitFor(() => there?.body?.startsWith('Asked for in #13.\n\n<!-- saas-codex: evidence -->'));
    const next = await world.push(id, branch);
    await world.scan();
    expect(there?.body).toBe('Asked for in #13.');

    // A token that may open pull requests need not be allowed to write statuses.
    strike(world, 'POST /repos/{owner}/{repo}/statuses/{sha}', { status: 403, body: said('Not accessible') });
    await world.show(id, next, 'passed');
    await world.scan();
    expect(there?.body).toContain('**Checks passed**');
    expect(await world.read(id)).toMatchObject({ status: 'ready', failure: null });
  });
});

describe('a forge that fails', () => {
  // tests/faults/long has all other faults.
  it('to answer once, at each call, leaves one pull request that is as it was asked for', async () => {
    for (const operation of OPERATIONS) await expectOneInSpiteOf(world, operation, 'lost');
  });

  it('is left alone until it wants to be asked again, also by webhooks and a new scan', async () => {
    const { id, branch } = await world.pushed();
    strike(
      world,
      LIST,
      { status: 403, body: said('rate limit'), headers: { 'retry-after': '3000' } },
      Infinity,
    );
    const before = Date.now();
    await world.open(id);
    const waiting = await world.is(id, ({ failure }) => failure !== null);
    expect(waiting).toMatchObject({ status: 'pending', failure: { code: 'forge_rate_limited' } });
    expect(Date.parse(waiting.retry_at ?? '') - before).toBeGreaterThan(2_900_000);
    const asked = () => world.github.calls.filter((call) => call.includes(branch.slice(-12))).length;
    const calls = asked();
    expect(calls).toBe(1);
    await world.scan();
    expect(asked()).toBe(calls);
  });

  it('with a token that it no longer takes says how to mend it, and what was asked for is still there', async () => {
    const { id } = await world.pushed();
    strike(world, LIST, { status: 401, body: said('Bad credentials') });
    await world.open(id, { title: 'Kept' });
    const failed = await world.is(id, ({ status }) => status === 'failed');
    expect(failed).toMatchObject({ title: 'Kept', failure: { code: 'forge_token_refused' }, retry_at: null });
    expect(failed.failure?.detail).toContain('Settings');
    await world.open(id, { title: 'Kept' });
    await world.isReady(id);
  });

  it('to answer as it describes is unavailable, unless only whoever wrote a comment is gone', async () => {
    const { id } = await world.pushed();
    await world.open(id);
    await world.isReady(id);
    const at = 'GET /repos/{owner}/{repo}/pulls/{pull_number}/comments';
    const comment = { path: 'src/hello.ts', line: 3, body: 'Here.', html_url: 'https://github.com/x' };
    const written = { ...comment, user: null, created_at: '2026-11-30T10:00:00Z' };
    const page = { body: '<html>', headers: { 'content-type': 'text/html' } };
    // Sessions of other tests are read, too.
    for (const wrong of [page, { body: {} }, { body: [{ ...written, created_at: 'once' }] }]) {
      strike(world, at, wrong, Infinity);
      expect((await world.askNow(id)).failure?.code).toBe('forge_unavailable');
    }
    strike(world, at, { body: [written] }, Infinity);
    expect(await world.askNow(id)).toMatchObject({ failure: null, comments: [{ author: 'ghost' }] });
  });

  it('refuses a reviewer, and the pull request is there and says so', async () => {
    const { id, branch } = await world.pushed();
    await world.open(id, { reviewers: ['stranger'] });
    const failed = await world.is(id, ({ status }) => status === 'failed');
    expect(failed.failure?.code).toBe('forge_refused');
    expect(failed.number).toBe(ofBranch(branch)[0]?.number);
  });

  it('and a backend that ends while one is opened: the next one finds it, and opens no second one', async () => {
    await expectOneInSpiteOfAnEnd(world, CREATE);
  });

  it('finds what was opened when two ask at once', async () => {
    const { id, branch } = await world.pushed();
    await Promise.all([1, 2, 3].map((count) => world.open(id, { title: `Ask ${count}` })));
    await world.isReady(id);
    expect(ofBranch(branch)).toHaveLength(1);
    expect(ofBranch(branch)[0]?.title).toBe((await world.read(id)).title);
  });
});
