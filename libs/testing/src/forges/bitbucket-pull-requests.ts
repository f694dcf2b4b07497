import type { Schema } from 'bitbucket';
import { z } from 'zod';
import {
  AT_REPOSITORY,
  type BitbucketCall,
  type BitbucketEndpoints,
  BitbucketRefusal,
  type BitbucketWorld,
} from './bitbucket.js';

interface TestAccount {
  uuid: string;
  nickname: string;
}

interface TestComment {
  by: TestAccount;
  text: string;
  /** Left out: about the whole. `to` null: about a line that was removed. */
  inline?: { path: string; to: number | null; outdated?: boolean };
  deleted?: boolean;
  pending?: boolean;
}

/** A pull request at the stand-in. */
interface TestPullRequest {
  id: number;
  /** `workspace/slug`. */
  repository: string;
  title: string;
  description: string;
  source: string;
  /** Where the branch is, if it is in a fork. */
  fork?: string;
  destination: string;
  draft: boolean;
  closeSourceBranch: boolean;
  state: NonNullable<Schema.Pullrequest['state']>;
  reviewers: string[];
  participants: { by: TestAccount; state: 'approved' | 'changes_requested' | null }[];
  comments: TestComment[];
  createdAt: string;
}

/** What specs see and change of pull requests at the stand-in. */
export interface BitbucketPullRequestState {
  readonly all: TestPullRequest[];
  readonly people: TestAccount[];
  /** By commit. */
  readonly statuses: Map<string, Schema.Commitstatus[]>;
  readonly endpoints: BitbucketEndpoints;
}

const AT = '2026-11-30T10:00:00.000000+00:00';
const SHORT_HASH = 12;
const MAX_KEY = 40;
const ALL = `${AT_REPOSITORY}/pullrequests`;
const ONE = `${ALL}/{pull_request_id}`;

const branch = z.strictObject({ branch: z.strictObject({ name: z.string() }) });
const changed = {
  title: z.string().min(1),
  description: z.string().optional(),
  destination: branch.optional(),
  draft: z.boolean().optional(),
  close_source_branch: z.boolean().optional(),
  reviewers: z.array(z.strictObject({ uuid: z.string() })).optional(),
};
const Opened = z.strictObject({ ...changed, source: branch });
const Changed = z.strictObject(changed);
const Status = z.strictObject({
  key: z.string().min(1).max(MAX_KEY),
  name: z.string().optional(),
  state: z.enum(['SUCCESSFUL', 'FAILED', 'INPROGRESS', 'STOPPED']),
  description: z.string().max(255).optional(),
  url: z.url(),
});

/** Pull requests, what people say about them, and statuses, as Bitbucket has them. Give `endpoints` to `startBitbucket`. */
export function bitbucketPullRequests(): BitbucketPullRequestState {
  const all: TestPullRequest[] = [];
  const people: TestAccount[] = [];
  const statuses: BitbucketPullRequestState['statuses'] = new Map();
  const state = { all, people, statuses };

  const oneOf = ({ repository, params }: BitbucketCall) =>
    all.find((one) => one.repository === repository && one.id === Number(params['pull_request_id']));
  const onOne =
    (answer: (one: TestPullRequest, call: BitbucketCall) => object) =>
    (call: BitbucketCall): object | undefined => {
      const one = oneOf(call);
      return one && answer(one, call);
    };

  const endpoints: BitbucketEndpoints = {
    [`GET ${ALL}`]: {
      scope: 'pullrequest',
      maxPage: 50,
      answer: ({ world, repository, query }) => {
        const wanted = query.getAll('state');
        const [, source = null] = /^source\.branch\.name = "([^"]*)"$/.exec(query.get('q') ?? '') ?? [];
        const isFound = (one: TestPullRequest) =>
          one.repository === repository &&
          (source === null || one.source === source) &&
          (wanted.length === 0 ? one.state === 'OPEN' : wanted.includes(one.state));
        const isWhole = query.get('fields') === '+values.reviewers,+values.participants';
        return all
          .filter(isFound)
          .toReversed()
          .map((one) => {
            const { reviewers, participants, ...rest } = toPullRequest(world, one, people);
            return isWhole ? { ...rest, reviewers, participants } : rest;
          });
      },
    },
    [`POST ${ALL}`]: {
      scope: 'pullrequest:write',
      body: Opened,
      answer: ({ world, repository, body }) => {
        const { title, description = '', source, destination, draft = false } = Opened.parse(body);
        const branches = world.repositories.get(repository)?.branches ?? {};
        const base = destination?.branch.name ?? 'main';
        if (!branches[source.branch.name] || !branches[base])
          return new BitbucketRefusal(400, `source: branch not found`);
        const one: TestPullRequest = {
          id: all.length + 1,
          repository,
          title,
          description,
          source: source.branch.name,
          destination: base,
          draft,
          closeSourceBranch: false,
          state: 'OPEN',
          reviewers: [],
          participants: [],
          comments: [],
          createdAt: new Date().toISOString(),
        };
        all.push(one);
        return toPullRequest(world, one, people);
      },
    },
    [`GET ${ONE}`]: {
      scope: 'pullrequest',
      answer: onOne((one, { world }) => toPullRequest(world, one, people)),
    },
    [`PUT ${ONE}`]: {
      scope: 'pullrequest:write',
      body: Changed,
      answer: onOne((one, { world, body }) => {
        const { reviewers = [], ...wanted } = Changed.parse(body);
        const uuids = reviewers.map(({ uuid }) => uuid);
        const unknown = uuids.find((uuid) => !people.some((person) => person.uuid === uuid));
        if (unknown) return new BitbucketRefusal(400, `reviewers: ${unknown} is not a member`);
        // What is left out is taken away.
        Object.assign(one, {
          title: wanted.title,
          description: wanted.description ?? '',
          destination: wanted.destination?.branch.name ?? one.destination,
          draft: wanted.draft ?? false,
          closeSourceBranch: wanted.close_source_branch ?? false,
          reviewers: uuids,
        });
        return toPullRequest(world, one, people);
      }),
    },
    [`GET ${ONE}/comments`]: {
      scope: 'pullrequest',
      maxPage: 100,
      answer: onOne(({ comments }, { world }) => comments.map((one, i) => toComment(world, one, i))),
    },
    [`GET ${AT_REPOSITORY}/commit/{commit}/statuses`]: {
      scope: 'repository',
      maxPage: 100,
      answer: ({ params: { commit = '' } }) => statuses.get(commit) ?? [],
    },
    [`POST ${AT_REPOSITORY}/commit/{commit}/statuses/build`]: {
      scope: 'repository',
      body: Status,
      answer: ({ params: { commit = '' }, body }): Schema.Commitstatus => {
        const status = { type: 'build', ...Status.parse(body) };
        const others = (statuses.get(commit) ?? []).filter(({ key }) => key !== status.key);
        statuses.set(commit, [...others, status]);
        return status;
      },
    },
  };
  return { ...state, endpoints };
}

const toAccount = ({ uuid, nickname }: TestAccount): Schema.Account => ({
  type: 'user',
  uuid,
  nickname,
  display_name: `The ${nickname}`,
});

const toComment = (
  { url }: BitbucketWorld,
  { by, text, inline, deleted = false, pending = false }: TestComment,
  index: number,
): Schema.PullrequestComment => ({
  type: 'pullrequest_comment',
  id: index + 1,
  user: toAccount(by),
  content: { raw: text },
  // The description has no null here, which Bitbucket sends all the same.
  ...(inline && { inline: inline as { path: string } }),
  deleted,
  pending,
  links: { html: { href: `${url}/comment` } },
  created_on: AT,
});

function toPullRequest(
  world: BitbucketWorld,
  one: TestPullRequest,
  people: readonly TestAccount[],
): Schema.Pullrequest {
  const branches = world.repositories.get(one.repository)?.branches ?? {};
  const end = (name: string, repository = one.repository) => ({
    branch: { name },
    commit: { type: 'commit', hash: (branches[name] ?? '').slice(0, SHORT_HASH) },
    repository: { type: 'repository', full_name: repository },
  });
  return {
    type: 'pullrequest',
    id: one.id,
    title: one.title,
    summary: { raw: one.description },
    draft: one.draft,
    close_source_branch: one.closeSourceBranch,
    state: one.state,
    source: end(one.source, one.fork),
    destination: end(one.destination),
    created_on: one.createdAt,
    links: { html: { href: `${world.url}/${one.repository}/pull-requests/${one.id}` } },
    reviewers: people.filter(({ uuid }) => one.reviewers.includes(uuid)).map(toAccount),
    participants: one.participants.map(({ by, state }) => ({
      type: 'participant',
      user: toAccount(by),
      role: 'REVIEWER',
      approved: state === 'approved',
      state,
      ...(state && { participated_on: AT }),
    })),
  };
}
