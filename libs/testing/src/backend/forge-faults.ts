import type { PullRequest } from '@saas-codex/contracts/pull-requests';
import type { GithubAnswer, GithubCall } from '../forges/github-world.js';
import { waitFor } from '../wait-for.js';
import type { PullRequestsWorld } from './pull-requests-world.js';

/** What GitHub says beside a status that is no success. */
export const said = (message: string) => ({ message, documentation_url: 'https://docs.github.com/rest' });

export const LIST = 'GET /repos/{owner}/{repo}/pulls';
export const CREATE = 'POST /repos/{owner}/{repo}/pulls';
const LABEL = 'PUT /repos/{owner}/{repo}/issues/{issue_number}/labels';
/** Those that opening a pull request takes, in order. */
export const OPENING = [
  LIST,
  CREATE,
  LABEL,
  'POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers',
  'GET /repos/{owner}/{repo}/commits/{ref}/check-runs',
  'GET /repos/{owner}/{repo}/commits/{ref}/status',
  'GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews',
  'GET /repos/{owner}/{repo}/pulls/{pull_number}/comments',
];
/** Besides, those that changing one takes. */
export const OPERATIONS = [
  ...OPENING,
  'GET /repos/{owner}/{repo}/pulls/{pull_number}',
  'PATCH /repos/{owner}/{repo}/pulls/{pull_number}',
];

/** @param times how often it strikes @returns how often it has struck */
export function strike(
  world: PullRequestsWorld,
  operation: string,
  fault: GithubAnswer | 'lost',
  times = 1,
): () => number {
  let left = times;
  world.github.fault = ({ method, path }: GithubCall) => {
    if (`${method} ${path}` !== operation || left === 0) return null;
    left -= 1;
    return fault;
  };
  return () => times - left;
}

/** What a person and time do: time ends the pauses, and the person asks again after a refusal. */
async function untilReady(
  world: PullRequestsWorld,
  id: string,
  askAgain: () => Promise<unknown>,
): Promise<PullRequest> {
  return waitFor(
    async () => {
      const now = await world.askNow(id);
      if (now.status === 'failed') await askAgain();
      return now.status === 'ready' && now.failure === null && now.read_at !== null ? now : null;
    },
    { what: 'the pull request to be ready' },
  );
}

/** Opens and changes a pull request while one call fails. There is one in the end, as it was asked for. */
export async function expectOneInSpiteOf(
  world: PullRequestsWorld,
  operation: string,
  fault: GithubAnswer | 'lost',
): Promise<void> {
  const { id, branch } = await world.pushed();
  const struck = strike(world, operation, fault);
  const open = () => world.open(id, { labels: ['codex'], reviewers: ['hubot'] });
  await open();
  await untilReady(world, id, open);
  const change = () => world.call('PATCH', `/api/sessions/${id}/pull-request`, { body: 'Changed' });
  await change();
  const after = await untilReady(world, id, change);
  expect([operation, struck()]).toEqual([operation, 1]);
  const found = world.ofBranch(branch);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({ body: 'Changed', labels: ['codex'], reviewers: ['hubot'] });
  expect(after.number).toBe(found[0]?.number);
}

/** The backend ends while one call has acted and its answer is lost. The next backend finishes it, and opens no second one. */
export async function expectOneInSpiteOfAnEnd(world: PullRequestsWorld, operation: string): Promise<void> {
  const { id, branch } = await world.pushed();
  const struck = strike(world, operation, 'lost');
  await world.open(id, { labels: ['codex'], reviewers: ['hubot'] });
  await waitFor(struck);
  await world.restart();
  await untilReady(world, id, () => Promise.reject(new Error('Nobody asks again.')));
  expect(world.ofBranch(branch)).toMatchObject([{ labels: ['codex'], reviewers: ['hubot'] }]);
}
