import type { CommitStatusSchema, MergeRequestSchema } from '@gitbeaker/core';
import { z } from 'zod';
import {
  GITLAB_PAGING,
  type GitlabCall,
  type GitlabEndpoint,
  GitlabRefusal,
  type GitlabWorld,
  idOf,
  MAY_READ,
  page,
  repositoryOf,
} from './gitlab-world.js';

interface TestNote {
  login: string;
  body: string;
  system?: boolean;
  resolved?: boolean;
  /** Of one at the changes. `at`: the commit up to which GitLab has followed the line; left out: the newest one. */
  position?: { path: string; line: number; isOld?: boolean; at?: string };
}

/** A merge request at the stand-in. */
interface TestMergeRequest {
  iid: number;
  project: string;
  title: string;
  description: string;
  source: string;
  target: string;
  /** Of a fork: another one than the project's. */
  sourceProject: number;
  state: 'opened' | 'closed' | 'merged' | 'locked';
  mergeStatus: MergeRequestSchema['merge_status'];
  labels: string[];
  reviewers: number[];
  /** By login. */
  approvals: string[];
  changesRequested: string[];
  discussions: TestNote[][];
}

type TestStatus = Pick<CommitStatusSchema, 'id' | 'name' | 'target_url' | 'allow_failure'> & {
  status: string;
  description: string | null;
};

/** What specs see and change of merge requests at the stand-in. */
export interface GitlabMergeRequestState {
  readonly all: TestMergeRequest[];
  /** Without it, a merge request has one reviewer. */
  hasPremium: boolean;
  /** By commit. */
  readonly statuses: Map<string, TestStatus[]>;
  /** Logs of jobs by id. */
  readonly logs: Map<number, string>;
  readonly endpoints: GitlabEndpoint[];
}

const PROJECT_ID = 1;
const AT = '2026-11-30T10:00:00.000Z';
const WRITING = ['api'];
const paged = z.strictObject(GITLAB_PAGING);
const below = (what: string) => new RegExp(`^/projects/([^/]+)/${what}$`);
const one = (what = '') => below(`merge_requests/(\\d+)${what}`);
/** As GitLab finds its commands in a description. */
const QUICK_ACTION = /^\/(merge|close|approve|assign|label|draft|ready|tableflip)(?:[ ].*)?$/im;
const text = z
  .string()
  .refine((written) => !QUICK_ACTION.test(written.replaceAll('\r', '')), 'a quick action');
const title = z.string().min(1).max(255);

/** Merge requests, discussions, statuses and logs, as GitLab has them. Give `endpoints` to `startGitlab`. */
export function gitlabMergeRequests(): GitlabMergeRequestState {
  const all: TestMergeRequest[] = [];
  const statuses: GitlabMergeRequestState['statuses'] = new Map();
  const logs = new Map<number, string>();
  const state = { all, hasPremium: true, statuses, logs };

  const onOne =
    (answer: (found: TestMergeRequest, call: GitlabCall, world: GitlabWorld) => object) =>
    (world: GitlabWorld, call: GitlabCall): object | undefined => {
      const found = all.find(
        ({ project, iid }) => project === call.parts[0] && iid === Number(call.parts[1]),
      );
      return found && repositoryOf(world, call) && answer(found, call, world);
    };

  const endpoints: GitlabEndpoint[] = [
    {
      pattern: below('merge_requests'),
      scopes: MAY_READ,
      query: z.strictObject({
        source_branch: z.string(),
        order_by: z.enum(['created_at', 'updated_at']),
        sort: z.enum(['asc', 'desc']),
        ...GITLAB_PAGING,
      }),
      answer: (world, { parts, query }) => {
        const found = all.filter(
          ({ project, source }) => project === parts[0] && source === query['source_branch'],
        );
        return page(found.toReversed(), query).map((given) => toMergeRequest(world, given));
      },
    },
    {
      method: 'POST',
      pattern: below('merge_requests'),
      scopes: WRITING,
      body: z.strictObject({
        source_branch: z.string(),
        target_branch: z.string(),
        title,
        description: text,
      }),
      answer: (world, call) => {
        const body = call.body as Record<'source_branch' | 'target_branch' | 'title' | 'description', string>;
        const { source_branch: source, target_branch: target } = body;
        const repository = repositoryOf(world, call);
        if (!repository?.branches[source] || !repository.branches[target]) return undefined;
        const there = all.find((given) => given.source === source && given.state === 'opened');
        if (there)
          return new GitlabRefusal(409, {
            message: [`Another open merge request already exists for this source branch: !${there.iid}`],
          });
        const made: TestMergeRequest = {
          iid: all.length + 1,
          project: call.parts[0] ?? '',
          title: body.title,
          description: body.description,
          source,
          target,
          sourceProject: PROJECT_ID,
          state: 'opened',
          mergeStatus: 'unchecked',
          labels: [],
          reviewers: [],
          approvals: [],
          changesRequested: [],
          discussions: [],
        };
        all.push(made);
        return toMergeRequest(world, made);
      },
    },
    {
      pattern: one(),
      scopes: MAY_READ,
      answer: onOne((found, _, world) => toMergeRequest(world, found)),
    },
    {
      method: 'PUT',
      pattern: one(),
      scopes: WRITING,
      body: z
        .strictObject({
          title,
          description: text,
          target_branch: z.string(),
          labels: z.string(),
          reviewer_ids: z.array(z.int()),
        })
        .partial()
        .refine((given) => Object.keys(given).length > 0, 'at least one parameter must be provided'),
      answer: onOne((found, { body }, world) => {
        const given = body as Record<'title' | 'description' | 'target_branch' | 'labels', string> & {
          reviewer_ids?: number[];
        };
        found.title = given.title ?? found.title;
        found.description = given.description ?? found.description;
        found.target = given.target_branch ?? found.target;
        found.labels = given.labels?.split(',').filter(Boolean) ?? found.labels;
        found.reviewers = given.reviewer_ids?.slice(0, state.hasPremium ? undefined : 1) ?? found.reviewers;
        return toMergeRequest(world, found);
      }),
    },
    {
      pattern: one('/approvals'),
      scopes: MAY_READ,
      answer: onOne(({ approvals }) => ({
        approved: approvals.length > 0,
        approved_by: approvals.map((username) => ({ user: { username }, approved_at: AT })),
      })),
    },
    {
      pattern: one('/reviewers'),
      scopes: MAY_READ,
      answer: onOne(({ changesRequested }) =>
        changesRequested.map((username) => ({
          user: { username },
          state: 'requested_changes',
          created_at: AT,
        })),
      ),
    },
    {
      pattern: one('/discussions'),
      scopes: MAY_READ,
      query: paged,
      answer: onOne((found, { query }, world) =>
        page(found.discussions, query).map((notes, i) => ({
          id: `discussion-${i}`,
          individual_note: notes.length === 1,
          notes: notes.map((note, j) => toNote(note, 10 * i + j, toMergeRequest(world, found).sha)),
        })),
      ),
    },
    {
      pattern: below('repository/commits/([0-9a-f]{40})/statuses'),
      scopes: MAY_READ,
      query: z.strictObject({ all: z.enum(['true', 'false']), ...GITLAB_PAGING }),
      answer: (_, { parts: [, commit = ''], query }) => page(statuses.get(commit) ?? [], query),
    },
    {
      method: 'POST',
      pattern: below('statuses/([0-9a-f]{40})'),
      scopes: WRITING,
      body: z.strictObject({
        state: z.enum(['pending', 'running', 'success', 'failed', 'canceled', 'skipped']),
        name: z.string().max(255),
        description: z.string().max(255),
        target_url: z.url().max(255),
      }),
      answer: (_, { parts: [, commit = ''], body }) => {
        const { state: status, ...rest } = body as Record<
          'name' | 'description' | 'target_url' | 'state',
          string
        >;
        const known = statuses.get(commit) ?? [];
        const made = { ...rest, status, id: 1000 + known.length, allow_failure: false };
        // One that has ended is retried: the newest of a name is listed.
        statuses.set(commit, [...known.filter(({ name }) => name !== rest.name), made]);
        return made;
      },
    },
    {
      pattern: below('jobs/(\\d+)/trace'),
      scopes: MAY_READ,
      answer: (_, { parts }) => logs.get(Number(parts[1])),
    },
  ];
  return Object.assign(state, { endpoints });
}

const toNote = ({ login, body, system = false, resolved, position }: TestNote, id: number, sha: string) => ({
  id,
  type: position ? 'DiffNote' : null,
  body,
  author: { username: login },
  created_at: new Date(Date.parse(AT) + id * 1_000).toISOString(),
  system,
  resolvable: resolved !== undefined,
  ...(resolved !== undefined && { resolved }),
  ...(position && {
    position: {
      position_type: 'text',
      old_path: position.path,
      new_path: position.path,
      new_line: position.isOld ? null : position.line,
      old_line: position.isOld ? position.line : null,
      head_sha: position.at ?? sha,
    },
  }),
});

function toMergeRequest(world: GitlabWorld, given: TestMergeRequest) {
  const branches = world.repositories.get(given.project)?.branches ?? {};
  return {
    iid: given.iid,
    title: given.title,
    description: given.description,
    draft: /^(\[draft\]|\(draft\)|draft:)/i.test(given.title),
    state: given.state,
    web_url: `${world.url}/${given.project}/-/merge_requests/${given.iid}`,
    created_at: new Date().toISOString(),
    source_branch: given.source,
    target_branch: given.target,
    source_project_id: given.sourceProject,
    target_project_id: PROJECT_ID,
    author: { username: 'ada' },
    reviewers: [...world.users]
      .filter(([login]) => given.reviewers.includes(idOf(world, login)))
      .map(([username, id]) => ({ id, username })),
    labels: given.labels,
    sha: branches[given.source]?.commit ?? '',
    merge_status: given.mergeStatus,
    // GitLab says so only when it knows.
    has_conflicts: given.mergeStatus === 'cannot_be_merged',
  } satisfies Partial<Omit<MergeRequestSchema, 'author' | 'reviewers'>>;
}
