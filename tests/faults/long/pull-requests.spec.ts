import {
  expectOneInSpiteOf,
  expectOneInSpiteOfAnEnd,
  OPENING,
  OPERATIONS,
  said,
} from '@saas-codex/testing/backend/forge-faults';
import { PullRequestsWorld } from '@saas-codex/testing/backend/pull-requests-world';
import type { GithubAnswer } from '@saas-codex/testing/forges/github-world';

/* A forge that fails once at each call with each fault, and a backend that ends at each call. The specs of the backend do the worst of it. */

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
  expect(wrong).toEqual([]);
});

const FAULTS: [string, GithubAnswer | 'lost'][] = [
  ['an answer that is lost', 'lost'],
  ['500', { status: 500, body: said('Oops') }],
  ['403', { status: 403, body: said('Resource not accessible by personal access token') }],
  ['409', { status: 409, body: said('Conflict') }],
  ['422', { status: 422, body: said('Validation Failed') }],
  ['a rate limit', { status: 429, body: said('Slow down'), headers: { 'retry-after': '60' } }],
];

it.each(FAULTS)(
  'once at each call, with %s, leaves one pull request that is as it was asked for',
  async (_, fault) => {
    for (const operation of OPERATIONS) await expectOneInSpiteOf(world, operation, fault);
  },
);

it.each(OPENING)(
  'a backend that ends at %s: the next one finishes it, and opens no second one',
  (operation) => expectOneInSpiteOfAnEnd(world, operation),
);
