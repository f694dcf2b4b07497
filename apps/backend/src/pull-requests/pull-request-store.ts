import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { TenantDatabase, type TenantTransaction } from '../database/tenant-database.js';
import type { TenantScope } from '../database/tenant-row.js';
import { systemContext } from '../identity/request-context.js';
import { SessionEntity, type SessionRef } from '../sessions/session.entity.js';
import { SessionStore } from '../sessions/session-store.js';
import {
  isPending,
  type KeptGreen,
  PullRequestEntity,
  toPullRequest,
  toSummary,
} from './pull-request.entity.js';

/** What happened elsewhere, as a webhook reports it. */
export interface ForgeNews {
  /** As `PullRequestEntity.repository`. */
  repository: string;
  numbers: number[];
  branches: string[];
  commits: string[];
}

/**
 * Marks those of a repository that may have changed, also while they are being read. One that the forge has just asked to leave
 * alone stays so.
 */
const READ_SOON = `
  UPDATE pull_requests SET next_at = now()
   WHERE tenant_id = $1 AND repository = $2 AND failures = 0 AND state IS DISTINCT FROM 'merged'
     AND (number = ANY($3::int[]) OR head = ANY($4::text[]) OR seen ->> 'headCommit' = ANY($5::text[]))
  RETURNING tenant_id AS "tenantId", session_id AS "sessionId"`;

/** Parts of a row that the forge's answers change. */
type Answered = Partial<
  Pick<
    PullRequestEntity,
    | 'repository'
    | 'appliedVersion'
    | 'number'
    | 'url'
    | 'state'
    | 'seen'
    | 'failure'
    | 'failures'
    | 'nextAt'
    | 'readAt'
  >
>;

/** Reads and changes pull requests. A change goes through the session, whose lists show a part of it. */
@Injectable()
export class PullRequestStore {
  constructor(
    private readonly db: TenantDatabase,
    private readonly sessions: SessionStore,
  ) {}

  find(scope: TenantScope, sessionId: string): Promise<PullRequestEntity | null> {
    return this.db.run(scope, (tx) => tx.of(PullRequestEntity).findOne({ where: { sessionId } }));
  }

  /**
   * Records what the forge has said. What a person or a webhook asked for meanwhile stays to be done.
   * @param read as it was when the forge was asked
   * @returns the row as it is now; null: the session is gone
   */
  async answered(read: PullRequestEntity, set: Answered): Promise<PullRequestEntity | null> {
    const { sessionId, tenantId } = read;
    return this.sessions.changeIfThere(systemContext('runs', tenantId), sessionId, async (tx, session) => {
      const where = { sessionId };
      const now = await tx.of(PullRequestEntity).findOne({ where });
      if (!now || session.deletedAt) return null;
      // A new one was asked for: what was said is about the one before.
      if (now.openedAt.getTime() !== read.openedAt.getTime()) return now;
      const isAskedAgain =
        now.wantedVersion !== read.wantedVersion || now.nextAt?.getTime() !== read.nextAt?.getTime();
      const { nextAt, ...rest } = set;
      const next = { ...rest, ...(nextAt !== undefined && !isAskedAgain && { nextAt }) };
      const after = { ...now, ...next };
      const isNew = !isDeepStrictEqual(visible(after), visible(now));
      const changedAt = isNew ? new Date() : now.changedAt;
      await tx.of(PullRequestEntity).update(where, { ...next, changedAt });
      const saved = { ...after, changedAt };
      await showIn(tx, saved, isNew && isNews(now, saved));
      return saved;
    });
  }

  /**
   * Records what was done to keep it green. What a person changed about that meanwhile stays.
   * @param read as it was before
   */
  async kept(read: PullRequestEntity, keepGreen: KeptGreen): Promise<void> {
    const { sessionId, tenantId } = read;
    await this.sessions.changeIfThere(systemContext('runs', tenantId), sessionId, async (tx, session) => {
      const where = { sessionId };
      const now = await tx.of(PullRequestEntity).findOne({ where });
      if (!now || session.deletedAt || !isDeepStrictEqual(now.keepGreen, read.keepGreen)) return;
      // The forge is told of it with the next reading.
      const set = { keepGreen, changedAt: new Date(), ...(now.failures === 0 && { nextAt: new Date() }) };
      await tx.of(PullRequestEntity).update(where, set);
      await showIn(tx, { ...now, ...set }, keepGreen.stopped !== null);
    });
  }

  /** @returns those that are to be read now */
  async readSoon({ tenantId }: TenantScope, { repository, numbers, branches, commits }: ForgeNews) {
    const parameters = [tenantId, repository, numbers, branches, commits];
    const [rows] = await this.db.run({ tenantId }, (tx) =>
      tx.manager.query<[SessionRef[], number]>(READ_SOON, parameters),
    );
    return rows;
  }
}

/** Writes into the session what its lists show. @param isNews whether it is for people to read */
export async function showIn(tx: TenantTransaction, row: PullRequestEntity, isNews: boolean): Promise<void> {
  const news = isNews && { newsAt: new Date() };
  await tx.of(SessionEntity).update({ id: row.sessionId }, { pullRequest: toSummary(row), ...news });
}

/** What a reader sees, but for the times that change with every reading. */
const visible = (row: PullRequestEntity) => ({ ...toPullRequest(row), read_at: null, updated_at: null });

/** What a person wants to know at once: it ended, a check or what was asked for failed, or somebody has written. */
function isNews(before: PullRequestEntity, now: PullRequestEntity): boolean {
  const [old, summary] = [toSummary(before), toSummary(now)];
  const words = ({ seen }: PullRequestEntity) => (seen ? seen.reviews.length + seen.comments.length : 0);
  return (
    (old.state !== summary.state && ['merged', 'closed'].includes(summary.state ?? '')) ||
    (old.checks !== 'failed' && summary.checks === 'failed') ||
    (old.status !== 'failed' && summary.status === 'failed') ||
    (!isPending(now) && words(now) > words(before))
  );
}
