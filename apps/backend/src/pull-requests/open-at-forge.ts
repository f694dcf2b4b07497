import type { ForgeRepositoryAccess } from '../forges/forges.js';
import { ForgeError } from '../forges/port/forge-error.js';
import type { ForgePullRequest, ForgePullRequests } from '../forges/port/pull-requests.js';
import { isEnded, type PullRequestEntity } from './pull-request.entity.js';

/** How far the forge's clock may be behind ours. */
const CLOCK_SKEW_MS = 60_000;

/** A repository, and what its forge does with pull requests. */
export interface Place {
  pullRequests: ForgePullRequests;
  access: ForgeRepositoryAccess;
}

/**
 * The session's pull request as the forge has it. Opens one only if there is none:
 *
 *     number known ─► read it
 *     else ─► look at the branch ─► there ─► that one
 *                                └► none ─► create ─► answer lost, or "exists already" ─► look again, now or with the next attempt
 *
 * So an attempt finds what an earlier one opened whose answer was lost, or that died before it recorded the number.
 * @throws ForgeError
 */
export async function findOrOpen(row: PullRequestEntity, place: Place): Promise<ForgePullRequest> {
  const { pullRequests, access } = place;
  if (row.number !== null) return pullRequests.get(access.repository, row.number);
  const there = await findOpened(row, place);
  if (there) return there;
  const { title, body, draft } = row.wanted;
  const base = await baseOf(row, access);
  try {
    return await pullRequests.create(access.repository, { title, body, draft, base, head: row.head });
  } catch (error) {
    if (!(error instanceof ForgeError) || !['invalid', 'conflict'].includes(error.reason)) throw error;
    const found = await findOpened(row, place);
    if (found) return found;
    // The forge knows it, and does not list it yet.
    if (/already exists/i.test(error.detail)) throw new ForgeError('unavailable', error.detail);
    throw error;
  }
}

/** Makes it what a person asked for. Every step may be repeated. @throws ForgeError */
export async function applyWanted(
  row: PullRequestEntity,
  there: ForgePullRequest,
  { pullRequests, access: { repository } }: Place,
): Promise<ForgePullRequest> {
  const { title, body, labels, reviewers } = row.wanted;
  const base = row.wanted.base ?? there.base;
  const isSame = there.title === title && there.body === body && there.base === base;
  const updated = isSame ? there : await pullRequests.update(repository, there.number, { title, body, base });
  if (labels.toSorted().join('\n') !== updated.labels.toSorted().join('\n'))
    await pullRequests.setLabels(repository, there.number, labels);
  if (reviewers.length > 0) await pullRequests.askForReview(repository, there.number, reviewers);
  return updated;
}

/** The one of the branch that is open, or that was closed or merged since it was asked for. */
async function findOpened(
  row: PullRequestEntity,
  { pullRequests, access }: Place,
): Promise<ForgePullRequest | null> {
  const all = await pullRequests.ofBranch(access.repository, row.head);
  const since = row.openedAt.getTime() - CLOCK_SKEW_MS;
  const isOurs = (one: ForgePullRequest) =>
    !isEnded(one) || (one.number > (row.replaces ?? 0) && one.createdAt.getTime() >= since);
  return all.find((one) => !isEnded(one)) ?? all.find(isOurs) ?? null;
}

async function baseOf(row: PullRequestEntity, { forge, repository }: ForgeRepositoryAccess): Promise<string> {
  const base = row.wanted.base ?? (await forge.repositories.get(repository)).defaultBranch;
  if (base === null) throw new ForgeError('invalid', 'The repository has no branch to merge into.');
  return base;
}
