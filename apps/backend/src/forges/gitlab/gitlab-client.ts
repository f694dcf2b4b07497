import {
  Branches,
  Commits,
  Jobs,
  MergeRequestApprovals,
  MergeRequestDiscussions,
  MergeRequests,
  PersonalAccessTokens,
  Projects,
  Tags,
  Users,
} from '@gitbeaker/core';
import { createRequesterFn, type RequestOptions } from '@gitbeaker/requester-utils';
import type { ForgeConnection } from '../port/forge.js';
import { ForgeError, forgeErrorOf } from '../port/forge-error.js';

export type GitlabClient = ReturnType<typeof gitlabClient>;

/** What is used of GitLab's API. Its calls go through our fetch, once each, and throw `ForgeError`. */
export function gitlabClient({ url, token, fetchFor }: ForgeConnection) {
  const options = {
    host: url,
    token,
    requesterFn: requesterOf(new URL(url).host, fetchFor(url)),
    // Our fetch has a time limit of its own.
    queryTimeout: null,
    rateLimits: {},
  };
  return {
    projects: new Projects(options),
    branches: new Branches(options),
    tags: new Tags(options),
    mergeRequests: new MergeRequests(options),
    approvals: new MergeRequestApprovals(options),
    discussions: new MergeRequestDiscussions(options),
    commits: new Commits(options),
    jobs: new Jobs(options),
    tokens: new PersonalAccessTokens(options),
    users: new Users(options),
  };
}

/** What GitLab allows. */
export const PAGE = 100;

/** One page: without its number, the client follows links to all of them. */
export const pageOf = (page: number, perPage = PAGE) => ({ page, perPage });

function requesterOf(host: string, ask: typeof fetch) {
  return createRequesterFn(
    (_, options) => Promise.resolve(options),
    async (endpoint, options) => {
      const { method, headers, body, prefixUrl = '', searchParams = '' } = options as RequestOptions;
      const url = new URL(endpoint, prefixUrl.replace(/\/?$/, '/'));
      url.search = searchParams;
      const answer = await ask(url, {
        ...(method !== undefined && { method }),
        headers: { ...headers, 'user-agent': 'saas-codex' },
        body: body ?? null,
      });
      const text = await answer.text();
      const given = Object.fromEntries(answer.headers);
      if (!answer.ok)
        throw forgeErrorOf(host, { status: answer.status, headers: given, message: wordsOf(text) });
      return { status: answer.status, headers: given, body: bodyOf(host, given['content-type'], text) };
    },
  );
}

function bodyOf(host: string, type = '', text: string) {
  if (type.startsWith('text/plain')) return text;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw new ForgeError('unavailable', `${host} did not answer as GitLab does. Check its address.`);
  }
}

interface Refusal {
  /** One sentence, several, or several of each field. */
  message?: string | string[] | Record<string, string[]>;
  error?: string;
  error_description?: string;
  /** Those of which a token needs one. */
  scope?: string;
}

function wordsOf(text: string): string {
  try {
    const { message, error, error_description: description, scope } = JSON.parse(text) as Refusal;
    const said = description ?? message ?? error ?? '';
    const words = typeof said === 'string' ? said : sentencesOf(said);
    return scope === undefined ? words : `${words} It needs the scope ${scope.replaceAll(' ', ' or ')}.`;
  } catch {
    return '';
  }
}

const sentencesOf = (said: string[] | Record<string, string[]>): string =>
  Array.isArray(said)
    ? said.join(' ')
    : Object.entries(said)
        .map(([field, words]) => `${field} ${words.join(', ')}`)
        .join('; ');
