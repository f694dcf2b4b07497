import { Injectable } from '@nestjs/common';
import { TenantDatabase, type TenantTransaction } from '../database/tenant-database.js';
import type { TenantScope } from '../database/tenant-row.js';
import { SessionEntity } from '../sessions/session.entity.js';
import { CommitEntity } from './commit.entity.js';
import { PushEntity } from './push.entity.js';

/** A branch of a session's repository, as we pushed it. */
export interface ShippedBranch {
  repoUrl: string;
  branch: string;
  /** Id of the git commit that it leads to, unless somebody else has moved it since. */
  oid: string;
  /** Id of that commit's tree: the checkpoint that was reviewed. */
  tree: string;
  /** The branch that the work is for. null: not known, or the repository had none. */
  baseRef: string | null;
  /** Id of the git commit that the session started from. null: the repository had none. */
  baseCommit: string | null;
  pushedAt: Date;
}

/** What sessions have pushed. The door to shipping for features that build on it. */
@Injectable()
export class ShippedBranches {
  constructor(private readonly db: TenantDatabase) {}

  /**
   * The last push of the session that succeeded. null: there is none, or the scope's reader may not see the session
   * @param branch only to this branch
   */
  latest(scope: TenantScope, sessionId: string, branch?: string): Promise<ShippedBranch | null> {
    return this.db.run(scope, async (tx) => {
      const push = await lastPushed(tx, sessionId, branch === undefined ? {} : { branch });
      const session = push && (await tx.of(SessionEntity).findOne({ where: { id: sessionId } }));
      const commit = push && (await tx.of(CommitEntity).findOne({ where: { id: push.commitId } }));
      if (!commit || !session || push.pushedAt === null) return null;
      const { repoUrl, oid, baseRef, pushedAt } = push;
      const { baseCommit } = session;
      return { repoUrl, branch: push.branch, oid, tree: commit.tree, baseRef, baseCommit, pushedAt };
    });
  }

  /** Whether the session has pushed this git commit to this branch. */
  hasPushed(scope: TenantScope, sessionId: string, branch: string, oid: string): Promise<boolean> {
    return this.db.run(
      scope,
      async (tx) =>
        (await tx.of(PushEntity).findOne({ where: { sessionId, branch, oid, status: 'pushed' } })) !== null,
    );
  }
}

/** @param on only on this branch */
export const lastPushed = (
  tx: TenantTransaction,
  sessionId: string,
  on: Partial<Pick<PushEntity, 'repoUrl' | 'branch'>> = {},
): Promise<PushEntity | null> =>
  tx.of(PushEntity).findOne({
    where: { sessionId, status: 'pushed', ...on },
    order: { pushedAt: 'DESC', id: 'DESC' },
  });

/** The commit of the last push that succeeded. */
export async function lastPushedCommit(
  tx: TenantTransaction,
  sessionId: string,
): Promise<CommitEntity | null> {
  const push = await lastPushed(tx, sessionId);
  return push && tx.of(CommitEntity).findOne({ where: { id: push.commitId, sessionId } });
}
