import { createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import type { WebhookDefinition } from '@octokit/webhooks-examples';
import type { ForgeWebhook } from '@saas-codex/contracts/pull-requests';
import { PullRequestsWorld } from '@saas-codex/testing/backend/pull-requests-world';
import { FORGE_TOKEN, REPOSITORY } from '@saas-codex/testing/backend/shipped-world';
import { waitFor } from '@saas-codex/testing/wait-for';
import { newsOf } from '../src/pull-requests/forge-news.js';
import { gitlabNewsOf } from '../src/pull-requests/gitlab-news.js';

type Payload = Record<string, unknown>;
/** What GitHub has sent to others. */
const EXAMPLES = createRequire(import.meta.url)('@octokit/webhooks-examples') as (Pick<
  WebhookDefinition,
  'name'
> & { examples: Payload[] })[];
const exampleOf = (event: string): Payload => EXAMPLES.find(({ name }) => name === event)?.examples[0] ?? {};

let world: PullRequestsWorld;
let webhook: ForgeWebhook;
beforeAll(async () => {
  world = await PullRequestsWorld.start();
  webhook = (await world.call<ForgeWebhook>('POST', `/api/forges/${world.forgeId}/webhook`)).body;
});
afterAll(async () => {
  const { wrong } = world.github;
  await world.stop();
  expect(wrong).toEqual([]);
});

const sign = (body: string, secret = webhook.secret ?? '') =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

/** Nobody is signed in. */
async function deliver(
  payload: unknown,
  { signature, to = world.forgeId }: { signature?: string; to?: string } = {},
) {
  const body = JSON.stringify(payload);
  const response = await fetch(`${world.backend.url}/api/webhooks/${to}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'GitHub-Hookshot/1',
      'x-github-delivery': 'always-the-same',
      'x-hub-signature-256': signature ?? sign(body),
    },
    body,
  });
  const answer = (await response.text()).replace(/"(request_id|instance)":"[^"]*"/g, '');
  return { status: response.status, answer };
}

/** A payload that is about this pull request. */
function about(
  event: string,
  { number, branch, commit }: { number: number; branch: string; commit: string },
): Payload {
  const payload = structuredClone(exampleOf(event));
  const known = payload as Record<string, Record<string, unknown> | undefined>;
  Object.assign(known['repository'] ?? {}, { full_name: REPOSITORY });
  if (known['pull_request']) known['pull_request']['number'] = number;
  if (known['issue']) known['issue']['number'] = number;
  if (known['check_run']) Object.assign(known['check_run'], { head_sha: commit, pull_requests: [] });
  if (known['check_suite'])
    Object.assign(known['check_suite'], { head_sha: commit, head_branch: branch, pull_requests: [] });
  if (event === 'status') Object.assign(payload, { sha: commit, branches: [] });
  if (event === 'push') Object.assign(payload, { ref: `refs/heads/${branch}` });
  return payload;
}

async function opened() {
  const pushed = await world.pushed();
  await world.open(pushed.id);
  const { number } = await world.isReady(pushed.id);
  return { ...pushed, number: number ?? 0 };
}

describe("a forge's report", () => {
  it.each([
    'pull_request',
    'pull_request_review',
    'pull_request_review_comment',
    'issue_comment',
    'check_run',
    'check_suite',
    'status',
    'push',
  ])('of %s has the pull request read at once, once or twice', async (event) => {
    const one = await opened();
    await world.sql(`UPDATE pull_requests SET next_at = now() + interval '1 hour' WHERE session_id = $1`, [
      one.id,
    ]);
    const before = (await world.read(one.id)).read_at;
    world.state.checks.set(one.commit, [{ name: 'test', conclusion: 'success' }]);
    expect(await deliver(about(event, one))).toEqual({ status: 204, answer: '' });
    await world.is(one.id, ({ read_at: at, checks_state: checks }) => at !== before && checks === 'passed');
    expect(await deliver(about(event, one))).toEqual({ status: 204, answer: '' });
    await world.isReady(one.id);
    expect(world.state.all.filter(({ head }) => head === one.branch)).toHaveLength(1);
  });

  it('that is altered, not signed, signed by another or for an unknown forge is refused alike, and changes nothing', async () => {
    const one = await opened();
    await world.sql(`UPDATE pull_requests SET next_at = now() + interval '1 hour' WHERE session_id = $1`, [
      one.id,
    ]);
    const payload = about('pull_request', one);
    const signature = sign(JSON.stringify(payload));
    const answers = await Promise.all([
      deliver({ ...payload, action: 'closed' }, { signature }),
      deliver(payload, { signature: '' }),
      deliver(payload, { signature: 'sha256=' }),
      deliver(payload, { signature: sign(JSON.stringify(payload), FORGE_TOKEN) }),
      deliver(payload, { to: '01a20ab5-ad03-774a-840c-f8dd44ecbc3d' }),
    ]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    expect(new Set(answers.map(({ answer }) => answer)).size).toBe(1);
    const earlier = webhook;
    webhook = (await world.call<ForgeWebhook>('POST', `/api/forges/${world.forgeId}/webhook`)).body;
    expect(
      (await deliver(payload, { signature: sign(JSON.stringify(payload), earlier.secret ?? '') })).status,
    ).toBe(401);
    const { read_at: before } = await world.read(one.id);
    await world.scan();
    expect((await world.read(one.id)).read_at).toBe(before);
  });

  it('of any kind that GitHub sends, about another repository or a merged pull request, changes nothing', async () => {
    const one = await opened();
    const [there] = world.state.all.filter(({ head }) => head === one.branch);
    Object.assign(there ?? {}, { state: 'closed', merged: true });
    await world.askNow(one.id);
    const { read_at: before } = await world.read(one.id);
    const kinds = EXAMPLES.map(({ examples }) => examples[0] ?? {});
    for (const payload of [...kinds, about('pull_request', one), {}, { repository: 'x' }])
      expect((await deliver(payload)).status).toBe(204);
    await world.scan();
    expect((await world.read(one.id)).read_at).toBe(before);
  });

  it('with a number that no database holds changes nothing', async () => {
    const odd = { number: 2 ** 40, branch: 'codex/odd', commit: 'c'.repeat(40) };
    for (const event of ['pull_request', 'issue_comment'])
      expect(await deliver(about(event, odd))).toEqual({ status: 204, answer: '' });
    const project = { path_with_namespace: 'acme/garden' };
    const ofGitlab = { object_kind: 'merge_request', project, object_attributes: { iid: 2 ** 40 } };
    expect(gitlabNewsOf('gitlab.test', ofGitlab)).toBeNull();
  });

  it('is understood in all examples that GitHub has of it', () => {
    const events = [
      'pull_request',
      'pull_request_review',
      'pull_request_review_comment',
      'check_run',
      'check_suite',
      'status',
      'workflow_run',
    ];
    for (const { name, examples } of EXAMPLES.filter((one) => events.includes(one.name)))
      for (const payload of examples) {
        const news = newsOf('github.com', payload);
        expect([name, [...(news?.numbers ?? []), ...(news?.commits ?? [])].length > 0]).toEqual([name, true]);
      }
  });

  it('is signed with a secret that is in no answer, row or call', async () => {
    const listed = await (await world.backend.fetch('/api/forges')).text();
    expect(listed).not.toContain(webhook.secret);
    await waitFor(() => world.github.calls.length > 0);
    expect(JSON.stringify(world.github.calls)).not.toContain(webhook.secret);
  });
});
