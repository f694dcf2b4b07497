import { Injectable } from '@nestjs/common';
import {
  MAX_VIEWED,
  type ReviewProgress,
  type ReviewProgressUpdate,
  type ViewedFile,
} from '@saas-codex/contracts/review-progress';
import { TenantDatabase, type TenantTransaction } from '../database/tenant-database.js';
import { userIdOf } from '../identity/person.js';
import type { CallerContext } from '../identity/request-context.js';
import { SessionStore } from '../sessions/session-store.js';
import { SessionTrees } from './session-trees.js';

interface Row {
  reviewed_tree: string | null;
  reviewed_at: Date | null;
  viewed: ViewedFile[];
}

const NONE: Row = { reviewed_tree: null, reviewed_at: null, viewed: [] };

const READ = `
  SELECT reviewed_tree, reviewed_at, viewed FROM review_progress
   WHERE tenant_id = $1 AND session_id = $2 AND user_id = $3`;
const WRITE = `
  INSERT INTO review_progress (tenant_id, session_id, user_id, reviewed_tree, reviewed_at, viewed)
  VALUES ($1, $2, $3, $4, $5, $6::jsonb)
  ON CONFLICT (session_id, user_id) DO UPDATE
     SET reviewed_tree = EXCLUDED.reviewed_tree, reviewed_at = EXCLUDED.reviewed_at, viewed = EXCLUDED.viewed
   WHERE review_progress.tenant_id = $1`;

/**
 * How far each person has reviewed a session: the tree of their last review, and the files that they have viewed, each with the
 * content that they saw. One row per person and session, of a bounded size. Removed members take their rows with them.
 */
@Injectable()
export class ReviewProgressService {
  constructor(
    private readonly db: TenantDatabase,
    private readonly sessions: SessionStore,
    private readonly trees: SessionTrees,
  ) {}

  /** @throws ProblemError session_not_found, person_required */
  async read(ctx: CallerContext, sessionId: string): Promise<ReviewProgress> {
    const userId = userIdOf(ctx.actor);
    await this.sessions.get(ctx, sessionId);
    return toProgress(await this.db.run(ctx, (tx) => rowOf(tx, sessionId, userId)));
  }

  /** @throws ProblemError session_not_found, person_required, tree_not_found */
  async update(ctx: CallerContext, sessionId: string, update: ReviewProgressUpdate): Promise<ReviewProgress> {
    const userId = userIdOf(ctx.actor);
    await this.sessions.get(ctx, sessionId);
    const { reviewed_tree: tree } = update;
    if (typeof tree === 'string') await this.trees.knownTree(sessionId, tree);
    // The session's row is locked, so tabs that mark files at the same time lose none.
    return this.sessions.change(ctx, sessionId, async (tx) => {
      const before = await rowOf(tx, sessionId, userId);
      const row: Row = {
        reviewed_tree: tree === undefined ? before.reviewed_tree : tree,
        reviewed_at: tree === undefined ? before.reviewed_at : tree === null ? null : new Date(),
        viewed: viewedAfter(before.viewed, update),
      };
      const values = [row.reviewed_tree, row.reviewed_at, JSON.stringify(row.viewed)];
      await tx.manager.query(WRITE, [tx.scope.tenantId, sessionId, userId, ...values]);
      return toProgress(row);
    });
  }
}

async function rowOf(tx: TenantTransaction, sessionId: string, userId: string): Promise<Row> {
  const [row] = await tx.manager.query<Row[]>(READ, [tx.scope.tenantId, sessionId, userId]);
  return row ?? NONE;
}

/** The oldest marks come first, and go first. */
function viewedAfter(
  before: readonly ViewedFile[],
  { viewed = [], unviewed = [] }: ReviewProgressUpdate,
): ViewedFile[] {
  const files = new Map(before.map((file) => [file.path, file]));
  for (const path of unviewed) files.delete(path);
  for (const { path, content_id } of viewed) {
    files.delete(path);
    files.set(path, { path, content_id });
  }
  const kept: ViewedFile[] = [];
  let characters = 0;
  for (const file of [...files.values()].toReversed()) {
    characters += file.path.length;
    if (kept.length === MAX_VIEWED.files || characters > MAX_VIEWED.pathCharacters) break;
    kept.push(file);
  }
  return kept.toReversed();
}

const toProgress = ({ reviewed_tree: tree, reviewed_at: at, viewed }: Row): ReviewProgress => ({
  reviewed: tree !== null && at !== null ? { tree, at: at.toISOString() } : null,
  viewed,
});
