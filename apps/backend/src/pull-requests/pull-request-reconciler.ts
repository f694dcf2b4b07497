import { Inject, Injectable } from '@nestjs/common';
import type { ProblemCode } from '@saas-codex/contracts/problems';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { CONFIG, type Config } from '../config.js';
import { LOCK, Locks } from '../database/locks.js';
import type { EvidenceEntity } from '../evidence/evidence.entity.js';
import { EvidenceStore } from '../evidence/evidence-store.js';
import { Forges } from '../forges/forges.js';
import { FORGES_PAGE, ForgeError, type ForgeFailure } from '../forges/port/forge-error.js';
import type { ForgePullRequest } from '../forges/port/pull-requests.js';
import { Reconciler, type ReconcileResult } from '../reconcile/reconciler.js';
import type { SessionRef } from '../sessions/session.entity.js';
import { ShippedBranches } from '../shipping/shipped-branches.js';
import { applyWanted, findOrOpen, type Place, showOurs } from './at-forge.js';
import { isEnded, isPending, type PullRequestEntity, type SeenPullRequest } from './pull-request.entity.js';
import { PullRequestScan } from './pull-request-scan.js';
import { PullRequestStore } from './pull-request-store.js';

const PLACES = { total: 16, perTenant: 2 };
const SECOND_MS = 1_000;
const HOUR_MS = 3_600 * SECOND_MS;
/** Pause after the first failure of a forge, the longest, and the longest that a forge may ask for. */
const RETRY_MS = { first: 5 * SECOND_MS, longest: 600 * SECOND_MS, asked: 24 * HOUR_MS };
/** Pause between two readings: at first, while checks are under way, and at most. */
const READ_MS = { first: 15 * SECOND_MS, working: 60 * SECOND_MS, longest: 900 * SECOND_MS };

/**
 * Brings a session's pull request to what was asked for, then reads it again and again until it is merged.
 *
 *     wanted ─► find or open ─► apply ─► read ─► pause ─► read …
 *                  │ passing failure: a growing pause, or until when the forge says
 *                  └ other failure: nothing more happens before a person asks again; a reading is tried again after an hour
 *
 * A webhook ends the pause (`next_at`), and brings nothing else: what is so is always read from the forge. So a report that
 * comes twice, late or not at all changes nothing but the time.
 */
@Injectable()
export class PullRequestReconciler extends Reconciler<SessionRef> {
  constructor(
    private readonly dueNow: PullRequestScan,
    private readonly locks: Locks,
    private readonly store: PullRequestStore,
    private readonly forges: Forges,
    private readonly shipped: ShippedBranches,
    private readonly evidence: EvidenceStore,
    @Inject(CONFIG) private readonly config: Pick<Config, 'PUBLIC_URL'>,
  ) {
    super({
      keyOf: ({ sessionId }) => sessionId,
      tenantOf: ({ tenantId }) => tenantId,
      places: PLACES,
    });
  }

  protected async *scan() {
    yield await this.dueNow.due();
  }

  protected async reconcile(ref: SessionRef, signal: AbortSignal): Promise<ReconcileResult> {
    const lock = LOCK.pullRequest(ref.sessionId);
    const result = await this.locks.tryWithLock(lock, () => this.advance(ref), signal);
    // Another backend is at it. What it leaves, a scan finds.
    return result ?? 'done';
  }

  private async advance(ref: SessionRef): Promise<ReconcileResult> {
    const row = await this.store.find({ tenantId: ref.tenantId }, ref.sessionId);
    if (!row || !(await this.isDue(row))) return 'done';
    // What happens from now on may not be in what the forge answers.
    const readAt = new Date();
    try {
      const { forge, pullRequests, access } = await this.placeOf(row);
      const repository = `${new URL(forge.url).host}/${access.repository.path}`.toLowerCase();
      const found = await this.bring({ ...row, repository }, { pullRequests, access });
      if (!found) return 'done';
      const read = await this.read(found.row, found.there, { pullRequests, access }, readAt);
      // Compared with the row as it was before the forge was asked: what came meanwhile is read again.
      await this.store.answered(row, { failure: null, failures: 0, nextAt: nextReading(read) });
    } catch (error) {
      const failure = failureOf(error);
      const now = await this.store.find({ tenantId: ref.tenantId }, ref.sessionId);
      if (now) await this.store.answered(row, { ...failure, ...pauseAfter(now, error) });
    }
    return 'done';
  }

  private async isDue(row: PullRequestEntity): Promise<boolean> {
    if (row.nextAt !== null && row.nextAt.getTime() <= Date.now()) return true;
    if (row.failures > 0 || row.readAt === null || isEnded(row)) return false;
    const push = await this.shipped.latest({ tenantId: row.tenantId }, row.sessionId, row.head);
    if (push === null || push.pushedAt > row.readAt) return push !== null;
    const evidence = await this.evidence.forTree({ tenantId: row.tenantId }, row.sessionId, push.tree);
    return evidence !== null && evidence.createdAt > row.readAt;
  }

  /** Of exactly the files that the pull request has now. null: there is none, or somebody else has moved its branch */
  private async evidenceOf(
    { tenantId, sessionId, head }: PullRequestEntity,
    { headCommit }: ForgePullRequest,
  ): Promise<EvidenceEntity | null> {
    const push = await this.shipped.latest({ tenantId }, sessionId, head);
    if (push?.oid !== headCommit) return null;
    return this.evidence.forTree({ tenantId }, sessionId, push.tree);
  }

  /** @throws ProblemError forge_missing */
  private async placeOf({ tenantId, createdBy, repoUrl }: PullRequestEntity) {
    const access = await this.forges.forRepository({ tenantId }, createdBy, repoUrl);
    const pullRequests = access?.forge.pullRequests;
    if (!access || !pullRequests) throw forgeMissing();
    return { forge: access.forge, access, pullRequests };
  }

  /** Opens it, or changes it to what was asked for. @returns null: the session is gone, or something else was asked for */
  private async bring(
    row: PullRequestEntity,
    place: Place,
  ): Promise<{ row: PullRequestEntity; there: ForgePullRequest } | null> {
    const there = await findOrOpen(row, place);
    const { repository } = row;
    const { number, url, state } = there;
    // At once, so that its number is known whatever happens next.
    const known = await this.store.answered(row, { repository, number, url, state });
    if (known?.number !== number) return null;
    if (!isPending(row)) return { row: known, there };
    if (isEnded(there)) {
      await this.store.answered(known, { appliedVersion: row.wantedVersion });
      throw new ProblemError(
        'pull_request_ended',
        `It was ${there.state} at the forge meanwhile. ${OPEN_ANOTHER}`,
      );
    }
    const updated = await applyWanted(row, there, place);
    const applied = await this.store.answered(known, { appliedVersion: row.wantedVersion });
    return applied && { row: applied, there: updated };
  }

  /** @returns the row with what the forge has said */
  private async read(
    row: PullRequestEntity,
    there: ForgePullRequest,
    place: Place,
    readAt: Date,
  ): Promise<PullRequestEntity> {
    const { pullRequests, access } = place;
    const [checks, reviews, comments] = await Promise.all([
      pullRequests.checks(access.repository, there.headCommit),
      pullRequests.reviews(access.repository, there.number),
      pullRequests.comments(access.repository, there.number),
    ]);
    const { base, headCommit, conflicts, url, state } = there;
    const seen = storable({ base, headCommit, conflicts, checks, reviews, comments });
    const set = { url, state, seen, readAt };
    await this.store.answered(row, set);
    if (!isEnded(there)) {
      const evidence = await this.evidenceOf(row, there);
      const page = `${this.config.PUBLIC_URL}/sessions/${row.sessionId}?panel=changes`;
      await showOurs(row, there, checks, place, evidence, page).catch(unlessRefused);
    }
    return { ...row, ...set };
  }
}

/** A token may be allowed to read alone, and a description has its limits. Our page has all of it. */
function unlessRefused(error: unknown): void {
  if (!(error instanceof ForgeError) || error.isPassing || error.reason === 'token_refused') throw error;
}

/** Postgres holds neither NUL nor half of a character, which logs may have, and cutting a text may leave. */
const BROKEN = /\0|\p{Surrogate}/gu;

const storable = (seen: SeenPullRequest): SeenPullRequest =>
  JSON.parse(
    JSON.stringify(seen, (_, value: unknown) =>
      typeof value === 'string' ? value.replaceAll(BROKEN, '\uFFFD') : value,
    ),
  ) as SeenPullRequest;

const OPEN_ANOTHER = 'Open another one for what is new.';

export const forgeMissing = () =>
  new ProblemError(
    'forge_missing',
    `Connect the forge of this repository under ${FORGES_PAGE}, with a token that may open pull requests.`,
  );

const CODES: Readonly<Record<ForgeFailure, ProblemCode>> = {
  token_refused: 'forge_token_refused',
  forbidden: 'forge_forbidden',
  not_found: 'forge_refused',
  conflict: 'forge_refused',
  invalid: 'forge_refused',
  address: 'forge_refused',
  rate_limited: 'forge_rate_limited',
  unavailable: 'forge_unavailable',
};

/** @throws the error, if it is not the forge's and nothing that a person can mend */
function failureOf(error: unknown): Pick<PullRequestEntity, 'failure'> {
  if (error instanceof ForgeError) return { failure: { code: CODES[error.reason], detail: error.detail } };
  if (error instanceof ProblemError) return { failure: { code: error.code, detail: error.detail } };
  throw error;
}

function pauseAfter(row: PullRequestEntity, error: unknown): Pick<PullRequestEntity, 'failures' | 'nextAt'> {
  const failures = row.failures + 1;
  if (error instanceof ForgeError && error.isPassing) {
    const ms = Math.min(RETRY_MS.first * 2 ** row.failures, RETRY_MS.longest);
    const wanted = error.retryAt ? error.retryAt.getTime() - Date.now() : 0;
    return { failures, nextAt: new Date(Date.now() + Math.min(Math.max(wanted, ms), RETRY_MS.asked)) };
  }
  return { failures, nextAt: isPending(row) || isEnded(row) ? null : new Date(Date.now() + HOUR_MS) };
}

/** The longer nothing has changed, the longer the pause. A merged one stays as it is; a closed one can be opened again. */
function nextReading(row: PullRequestEntity): Date | null {
  if (row.state === 'merged') return null;
  if (row.state === 'closed') return new Date(Date.now() + HOUR_MS);
  const isWorking = row.seen?.checks.some(({ state }) => state === 'pending') ?? false;
  const quiet = (Date.now() - row.changedAt.getTime()) / 10;
  const ms = Math.min(Math.max(quiet, READ_MS.first), isWorking ? READ_MS.working : READ_MS.longest);
  return new Date(Date.now() + ms);
}
