import { Inject, Injectable } from '@nestjs/common';
import type { PageQuery } from '@saas-codex/contracts/pagination';
import { Timestamp } from '@saas-codex/contracts/pagination';
import type { Commit, CommitPage, CreateCommit } from '@saas-codex/contracts/shipping';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { In } from 'typeorm';
import { v7 as uuidV7 } from 'uuid';
import { z } from 'zod';
import { RequestAudit } from '../audit/request-audit.js';
import { baseOf } from '../changes/session-trees.js';
import { CONFIG, type Config } from '../config.js';
import { fingerprintOf } from '../credentials/ssh-keys.js';
import { decodeCursor, toPage } from '../database/cursor.js';
import { TenantDatabase, type TenantTransaction } from '../database/tenant-database.js';
import { actorId, authorOf } from '../identity/actor.js';
import { Memberships } from '../identity/memberships.js';
import type { RequestContext } from '../identity/request-context.js';
import { RunEntity } from '../runs/run.entity.js';
import { isEnded } from '../runs/run-store.js';
import { RunsPort } from '../sessions/runs-port.js';
import { auditedTitle } from '../sessions/session-audit.js';
import { isMoving, type SessionEntity } from '../sessions/session.entity.js';
import { SessionStore } from '../sessions/session-store.js';
import { type CommitStep, History } from '../workspaces/history/history.js';
import { CommitEntity, toCommit } from './commit.entity.js';
import { CommitSteps, updateOf, type Work } from './commit-steps.js';
import { lastPushedCommit } from './shipped-branches.js';
import { SigningKeysService } from './signing/signing-keys.service.js';

/** Sort key of the list. */
const CommitCursor = z.tuple([Timestamp, z.uuid()]);

/** How many names of files a problem lists. */
const LISTED = 10;

/** Makes commits of what sessions have changed. A commit is local to the session until it is pushed. */
@Injectable()
export class CommitsService {
  constructor(
    private readonly db: TenantDatabase,
    private readonly sessions: SessionStore,
    private readonly port: RunsPort,
    private readonly history: History,
    private readonly memberships: Memberships,
    private readonly audit: RequestAudit,
    private readonly signingKeys: SigningKeysService,
    private readonly commitSteps: CommitSteps,
    @Inject(CONFIG) private readonly config: Pick<Config, 'PUBLIC_URL'>,
  ) {}

  /**
   * Commits the files as they are now. Git makes the objects first, and the row makes them a commit: what a crash leaves between
   * the two, nobody sees.
   * @throws ProblemError session_*, workspace_*, files_changed, files_left_out, nothing_to_commit, agent_commits_refused,
   * replaced_contents; those of `baseOf`
   */
  async create(ctx: RequestContext, sessionId: string, body: CreateCommit): Promise<Commit> {
    const session = await this.sessions.get(ctx, sessionId);
    const before = await this.madeBefore(ctx, sessionId);
    if (before) return before;
    const base = { tree: baseOf(session), commit: session.baseCommit ?? '' };
    if (session.status !== 'ready') throw new ProblemError('session_archived', 'Unarchive it first.');
    if (session.activeRunId !== null || isMoving(session)) throw busy();
    const agentHead = (await this.history.readHead(sessionId))?.commit ?? null;
    const tree = await this.history.takeCheckpoint(ctx, sessionId);
    if (body.tree !== undefined && body.tree !== tree)
      throw new ProblemError('files_changed', 'Look at the changes again, then commit what is there now.');
    const leftOut = await this.history.omittedFiles(sessionId, tree);
    if (leftOut.length > 0 && !body.leave_out) throw incomplete(leftOut);
    const work = await this.workOf(ctx, session, { tree, base });
    const steps = await this.commitSteps.of(ctx, session, work, body);
    const committer = { name: 'saas-codex', email: `no-reply@${new URL(this.config.PUBLIC_URL).hostname}` };
    const parent = work.last?.oid ?? (await this.startOf(sessionId, steps));
    const signer = await this.signingKeys.current(ctx);
    const made = await this.history.makeCommits(ctx, sessionId, { parent, committer, signer, steps });
    if (made === null)
      throw new ProblemError(
        'nothing_to_commit',
        'The files are as they were pushed, or as the session began.',
      );
    return this.sessions.change(ctx, sessionId, async (tx, now) => {
      await this.port.refuseWhenBusy(tx, now);
      const row = await tx.of(CommitEntity).insert({
        id: ctx.idempotentId ?? uuidV7(),
        sessionId,
        oid: made.oid,
        parent,
        tree,
        mode: body.mode,
        commits: made.count,
        message: made.message,
        leftOut,
        signedWith: signer && fingerprintOf(signer.publicKey),
        agentHead,
        createdBy: actorId(ctx.actor),
        author: authorOf(ctx.actor),
        createdAt: new Date(),
      });
      const changes = { oid: { old: null, new: made.oid } };
      await this.audit.recordIn(tx, ctx, { target: { id: sessionId, name: auditedTitle(now) }, changes });
      return toCommit(row);
    });
  }

  /** Newest first. @throws ProblemError session_not_found, invalid_cursor */
  async list(ctx: RequestContext, sessionId: string, query: PageQuery): Promise<CommitPage> {
    await this.sessions.get(ctx, sessionId);
    const before = decodeCursor(query.cursor, CommitCursor);
    const rows = await this.db.run(ctx, (tx) => {
      const select = tx
        .of(CommitEntity)
        .select('made')
        .andWhere('made.sessionId = :sessionId', { sessionId });
      if (before) select.andWhere('(made.createdAt, made.id) < (:at, :id)', { at: before[0], id: before[1] });
      return select
        .orderBy('made.createdAt', 'DESC')
        .addOrderBy('made.id', 'DESC')
        .take(query.limit + 1)
        .getMany();
    });
    return toPage(rows, query.limit, (row) => [row.createdAt.toISOString(), row.id], toCommit);
  }

  /** @throws ProblemError session_not_found, commit_not_found */
  async read(ctx: RequestContext, sessionId: string, id: string): Promise<Commit> {
    await this.sessions.get(ctx, sessionId);
    return toCommit(await this.db.run(ctx, (tx) => findCommit(tx, sessionId, id)));
  }

  private async madeBefore(ctx: RequestContext, sessionId: string): Promise<Commit | null> {
    const { idempotentId: id } = ctx;
    if (id === undefined) return null;
    const row = await this.db.run(ctx, (tx) => tx.of(CommitEntity).findOne({ where: { id, sessionId } }));
    if (row) this.audit.recordedBefore(ctx);
    return row && toCommit(row);
  }

  private async workOf(
    ctx: RequestContext,
    session: SessionEntity,
    now: Pick<Work, 'tree' | 'base'>,
  ): Promise<Work> {
    const { last, runs } = await this.db.run(ctx, async (tx) => {
      const last = await lastPushedCommit(tx, session.id);
      const all = await tx
        .of(RunEntity)
        .find({ where: { sessionId: session.id, kind: In(['prompt', 'edit']) }, order: { endedAt: 'ASC' } });
      const since = last?.createdAt.getTime() ?? 0;
      const runs = all.filter(
        (run) =>
          isEnded(run) &&
          (run.kind === 'prompt' || updateOf(run) !== null) &&
          run.rewoundAt === null &&
          (run.endedAt?.getTime() ?? 0) > since,
      );
      return { last, runs: runs.filter(({ treeAfter }) => treeAfter !== null) };
    });
    const ids = [actorId(ctx.actor), ...runs.map(({ createdBy }) => createdBy)];
    const people = await this.memberships.named(ctx.tenantId, ids);
    return { ...now, last, runs, people };
  }

  /** null: the repository was empty, and the commit that the session's clone began with is in no history but its own. */
  private async startOf(sessionId: string, [first]: readonly CommitStep[]): Promise<string | null> {
    const commit = first?.base.commit;
    return commit && (await this.history.hasCommit(sessionId, commit)) ? commit : null;
  }
}

/** @throws ProblemError commit_not_found */
export async function findCommit(
  tx: TenantTransaction,
  sessionId: string,
  id: string,
): Promise<CommitEntity> {
  const row = await tx.of(CommitEntity).findOne({ where: { id, sessionId } });
  if (row) return row;
  throw new ProblemError('commit_not_found', 'Choose a commit of this session.');
}

function incomplete(paths: readonly string[]): ProblemError {
  const listed = paths.slice(0, LISTED).join(', ');
  const more = paths.length > LISTED ? ` and ${paths.length - LISTED} more` : '';
  return new ProblemError(
    'files_left_out',
    `These are too large, or in a submodule, or cannot be read: ${listed}${more}. Commit without them (leave_out), or remove them first.`,
  );
}

const busy = () => new ProblemError('session_busy', 'Wait until its run has ended, then commit.');
