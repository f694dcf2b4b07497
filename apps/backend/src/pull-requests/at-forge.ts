import type { PullRequestCheck } from '@saas-codex/contracts/pull-requests';
import type { EvidenceEntity } from '../evidence/evidence.entity.js';
import type { ForgeRepositoryAccess } from '../forges/forges.js';
import { ForgeError } from '../forges/port/forge-error.js';
import type { ForgePullRequest, ForgePullRequests } from '../forges/port/pull-requests.js';
import { keepSections } from './body-sections.js';
import { statusOf, withEvidence } from './evidence-section.js';
import { withTries } from './keep-green/keep-green-section.js';
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
  const { title, labels, reviewers } = row.wanted;
  const base = row.wanted.base ?? there.base;
  const body = keepSections(row.wanted.body, there.body);
  const isSame = there.title === title && there.body === body && there.base === base;
  const updated = isSame ? there : await pullRequests.update(repository, there.number, { title, body, base });
  if (labels.toSorted().join('\n') !== updated.labels.toSorted().join('\n'))
    await pullRequests.setLabels(repository, there.number, labels);
  if (reviewers.length > 0) await pullRequests.askForReview(repository, there.number, reviewers);
  return updated;
}

/**
 * Says at the forge what was checked and mended: in the description, and what was checked as a status of the commit, too. All is
 * compared with what the forge has, so this may be repeated.
 * @param evidence about exactly the tree of its head. null: there is none, and what was said before is taken back
 * @param url of a page that shows it
 * @throws ForgeError
 */
export async function showOurs(
  { keepGreen }: PullRequestEntity,
  there: ForgePullRequest,
  checks: readonly PullRequestCheck[],
  { pullRequests, access: { repository } }: Place,
  evidence: EvidenceEntity | null,
  url: string,
): Promise<void> {
  const body = withTries(withEvidence(there.body, evidence, url), keepGreen);
  const { title, base, number } = there;
  if (body !== there.body) await pullRequests.update(repository, number, { title, body, base });
  if (!evidence) return;
  const status = statusOf(evidence, url);
  const isThere = checks.some(
    ({ name, state, summary }) =>
      name === status.context && state === status.state && summary === status.summary,
  );
  if (!isThere) await pullRequests.setStatus(repository, there.headCommit, status).catch(unlessForbidden);
}

/** A token that may open pull requests may not be allowed to write statuses. The description says it. */
function unlessForbidden(error: unknown): void {
  if (!(error instanceof ForgeError) || !['forbidden', 'not_found'].includes(error.reason)) throw error;
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
