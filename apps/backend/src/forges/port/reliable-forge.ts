import { Logger } from '@nestjs/common';
import type {
  PullRequestCheck,
  PullRequestComment,
  PullRequestReview,
} from '@saas-codex/contracts/pull-requests';
import { asDetail, asLog, asName, asPath, asRemark, asSentence, asUrl } from './bounds.js';
import type { Forge, ForgeIdentity } from './forge.js';
import { ForgeError } from './forge-error.js';
import type { ForgePullRequest, ForgePullRequests } from './pull-requests.js';
import type { ForgeBranch, ForgeRepositories, ForgeRepository, ForgeTag, Listed } from './repositories.js';

const logger = new Logger('Forges');

type Ask = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * An adapter as the rest of the backend sees it. Whatever a forge, or a proxy before it, answers:
 *
 *     what it hands over   has bounds (bounds.ts)
 *     what goes wrong      is a `ForgeError`
 */
export function reliable(forge: Forge): Forge {
  const { kind, url, repositories, pullRequests } = forge;
  const ask: Ask = (work) => withForgeErrors(url, work);
  return {
    kind,
    url,
    repositories: reliableRepositories(repositories, ask),
    ...(pullRequests && { pullRequests: reliablePullRequests(pullRequests, ask) }),
    identity: () => ask(async () => toIdentity(await forge.identity())),
  };
}

/** An answer that no adapter expects fails in many ways. What failed is for the operator. @throws ForgeError, and nothing else */
export async function withForgeErrors<T>(url: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ForgeError) throw error;
    const { host } = new URL(url);
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    logger.warn(`${host} gave an answer that cannot be read: ${message}`, stack);
    throw new ForgeError(
      'unavailable',
      `${host} gave an answer that cannot be read. Check its address, or try again later.`,
    );
  }
}

const reliableRepositories = (all: ForgeRepositories, ask: Ask): ForgeRepositories => ({
  search: (query, limit) =>
    ask(async () => {
      const found = (await all.search(query, limit)).map(toRepository);
      return found.filter(({ cloneUrl }) => cloneUrl !== '');
    }),
  get: (at) => ask(async () => toRepository(await all.get(at))),
  branches: (at) => ask(async () => listed(await all.branches(at), toBranch)),
  branch: (at, name) =>
    ask(async () => {
      const found = await all.branch(at, name);
      return found && toBranch(found);
    }),
  tags: (at) => ask(async () => listed(await all.tags(at), toTag)),
});

const reliablePullRequests = (all: ForgePullRequests, ask: Ask): ForgePullRequests => ({
  ofBranch: (at, head) => ask(async () => (await all.ofBranch(at, head)).map(toPullRequest)),
  get: (at, number) => ask(async () => toPullRequest(await all.get(at, number))),
  create: (at, wanted) => ask(async () => toPullRequest(await all.create(at, wanted))),
  update: (at, number, wanted) => ask(async () => toPullRequest(await all.update(at, number, wanted))),
  setLabels: (at, number, labels) => ask(() => all.setLabels(at, number, labels)),
  askForReview: (at, number, reviewers) => ask(() => all.askForReview(at, number, reviewers)),
  checks: (at, commit) => ask(async () => (await all.checks(at, commit)).map(toCheck)),
  setStatus: (at, commit, status) => ask(() => all.setStatus(at, commit, status)),
  reviews: (at, number) => ask(async () => (await all.reviews(at, number)).map(toReview)),
  comments: (at, number) => ask(async () => (await all.comments(at, number)).map(toComment)),
});

/** @throws RangeError when it is none */
function asTime(time: Date): Date {
  if (Number.isNaN(time.getTime())) throw new RangeError('a time that is none');
  return time;
}

const listed = <T>({ items, isComplete }: Listed<T>, to: (item: T) => T): Listed<T> => ({
  items: items.map(to),
  isComplete,
});

function toIdentity({ login, rights, expiresAt }: ForgeIdentity): ForgeIdentity {
  if (login === '') throw new TypeError('a token of nobody');
  return {
    login: asName(login),
    rights: rights.map((one) => ({ ...one, detail: asDetail(one.detail) })),
    expiresAt: expiresAt && asTime(expiresAt),
  };
}

const toRepository = (given: ForgeRepository): ForgeRepository => ({
  ...given,
  path: asPath(given.path),
  cloneUrl: asUrl(given.cloneUrl) ?? '',
  webUrl: asUrl(given.webUrl) ?? '',
  description: given.description && asSentence(given.description),
  defaultBranch: given.defaultBranch && asPath(given.defaultBranch),
});

const toBranch = ({ name, commit, isProtected }: ForgeBranch): ForgeBranch => ({
  name: asPath(name),
  commit: asName(commit),
  isProtected,
});

const toTag = ({ name, commit }: ForgeTag): ForgeTag => ({ name: asPath(name), commit: asName(commit) });

/** Its description is written back with what we add to it, and kept nowhere. So nothing of it is taken away. */
const toPullRequest = (given: ForgePullRequest): ForgePullRequest => ({
  ...given,
  url: asUrl(given.url) ?? '',
  title: asSentence(given.title),
  base: asPath(given.base),
  headCommit: asName(given.headCommit),
  labels: given.labels.map(asName),
  createdAt: asTime(given.createdAt),
});

const toCheck = ({ name, state, url, summary, log }: PullRequestCheck): PullRequestCheck => ({
  name: asName(name),
  state,
  url: asUrl(url),
  summary: summary && asSentence(summary),
  log: log && asLog(log),
});

const toReview = (given: PullRequestReview): PullRequestReview => ({
  ...given,
  author: asName(given.author),
  body: asRemark(given.body),
});

const toComment = (given: PullRequestComment): PullRequestComment => ({
  ...given,
  author: asName(given.author),
  path: asPath(given.path),
  body: asRemark(given.body),
  url: asUrl(given.url) ?? '',
});
