import { Inject, Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CONFIG, type Config } from '../config.js';
import { LOCKS, tryLock } from '../database/advisory-lock.js';
import { RepeatedWork } from '../reconcile/repeated-work.js';
import type { SessionRef } from '../reconcile/session-loop.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { type RequestContext, systemContext } from '../identity/request-context.js';
import { UsageService } from '../usage/usage.service.js';
import { Workspaces } from '../workspaces/workspaces.js';
import { RetentionStore } from './retention-store.js';

const EVERY_MS = 5 * 60_000;
const DAY_MS = 24 * 60 * 60_000;

/**
 * Gives back what nobody uses, and measures what the rest takes. One backend at a time does it, every few minutes:
 *
 *     session idle ──RETENTION_IDLE_DAYS──► archived ──RETENTION_WORKSPACE_DAYS──► its workspace is removed
 *     mirror that no workspace borrows from ──RETENTION_MIRROR_DAYS──► removed
 *
 * What happened in a session stays: its events, runs and numbers are in Postgres. Every step may be taken twice.
 */
@Injectable()
export class Retention extends RepeatedWork {
  protected readonly logger = new Logger(Retention.name);

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly dataSource: DataSource,
    private readonly store: RetentionStore,
    private readonly sessions: SessionsService,
    private readonly workspaces: Workspaces,
    private readonly usage: UsageService,
  ) {
    super(EVERY_MS);
  }

  /** Does all that is to be done now; nothing when another backend is at it. */
  async sweep(): Promise<void> {
    await tryLock(this.dataSource, LOCKS.retention, async () => {
      await this.archiveIdle();
      await this.clearArchived();
      await this.removeMirrors();
      await this.workspaces.emptyTrash();
      await this.store.removeExpiredIdempotencyKeys();
      await this.measure();
    });
  }

  /** What one sweep leaves can wait for the next. */
  protected async work(): Promise<boolean> {
    await this.sweep();
    return false;
  }

  private async archiveIdle(): Promise<void> {
    const before = daysAgo(this.config.RETENTION_IDLE_DAYS);
    if (before === null) return;
    await this.ofSessions('archiving', await this.store.idleSince(before), (ctx, { sessionId }) =>
      this.sessions.archiveIdle(ctx, sessionId, before),
    );
  }

  /** The folder first: a crash between the two removes it once more, where the other way round it would stay. */
  private async clearArchived(): Promise<void> {
    const before = daysAgo(this.config.RETENTION_WORKSPACE_DAYS);
    if (before === null) return;
    const found = await this.store.archivedBefore(before);
    await this.ofSessions('removing the workspace of', found, async (ctx, ref) => {
      await this.workspaces.remove(ctx, ref.sessionId);
      await this.store.saveWorkspaceRemoved(ref);
    });
  }

  private async removeMirrors(): Promise<void> {
    const { RETENTION_MIRROR_DAYS: days } = this.config;
    if (days === 0) return;
    const removed = await this.workspaces.removeIdleMirrors(days * DAY_MS);
    if (removed > 0) this.logger.log(`${removed} mirrors that nobody used were removed`);
  }

  private async measure(): Promise<void> {
    await this.ofSessions('measuring', await this.store.toMeasure(), async (ctx, ref) => {
      const at = new Date();
      const bytes = await this.workspaces.size(ctx, ref.sessionId);
      if (bytes !== null) await this.store.saveSize(ref, bytes, at);
    });
    const nameOf = (tenantId: string) => `measuring the mirrors of tenant ${tenantId}`;
    await this.forEach(await this.store.tenants(), nameOf, async (tenantId) => {
      const ctx = systemContext('retention', tenantId);
      await this.usage.saveMirrors(ctx, (await this.workspaces.mirrorsSize(ctx)) ?? 0);
    });
  }

  private async ofSessions(
    what: string,
    refs: SessionRef[],
    step: (ctx: RequestContext, ref: SessionRef) => Promise<void>,
  ): Promise<void> {
    const nameOf = ({ sessionId }: SessionRef) => `${what} session ${sessionId}`;
    await this.forEach(refs, nameOf, (ref) => step(systemContext('retention', ref.tenantId), ref));
  }
}

/** null: never. */
const daysAgo = (days: number): Date | null => (days === 0 ? null : new Date(Date.now() - days * DAY_MS));
