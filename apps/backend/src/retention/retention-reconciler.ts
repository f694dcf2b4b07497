import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG, type Config } from '../config.js';
import { LOCK, Locks } from '../database/locks.js';
import { systemContext } from '../identity/request-context.js';
import { Reconciler, type ReconcileResult } from '../reconcile/reconciler.js';
import type { SessionRef } from '../sessions/session.entity.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { UsageService } from '../usage/usage.service.js';
import { Clones } from '../workspaces/clones/clones.js';
import { Storage } from '../workspaces/storage/storage.js';
import { RetentionStore } from './retention-store.js';

const SCAN_EVERY_MS = 5 * 60_000;
const DAY_MS = 24 * 60 * 60_000;

type Task =
  | { kind: 'archive-session' | 'remove-workspace' | 'measure-workspace'; session: SessionRef }
  | { kind: 'measure-mirrors'; tenantId: string }
  | { kind: 'remove-mirrors' | 'empty-trash' };

/**
 * Frees unused storage and measures the rest. One backend at a time does this, every few minutes:
 *
 *     session idle ──RETENTION_IDLE_DAYS──► archived ──RETENTION_WORKSPACE_DAYS──► its workspace is removed
 *     mirror that no workspace borrows from ──RETENTION_MIRROR_DAYS──► removed
 *
 * A session's events, runs and numbers stay, in Postgres. Every task may run twice.
 */
@Injectable()
export class RetentionReconciler extends Reconciler<Task> {
  private readonly logger = new Logger(RetentionReconciler.name);

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly locks: Locks,
    private readonly store: RetentionStore,
    private readonly sessions: SessionsService,
    private readonly clones: Clones,
    private readonly storage: Storage,
    private readonly usage: UsageService,
  ) {
    super({ keyOf, concurrency: 1, scanEveryMs: SCAN_EVERY_MS, batches: true });
  }

  protected override async aroundScan(scan: () => Promise<void>): Promise<void> {
    await this.locks.tryWithLock(LOCK.retention, scan);
  }

  /** What does not fit into a page is left to the next scan. */
  protected async *scan(): AsyncGenerator<Task[]> {
    yield ofSessions('archive-session', await this.idleSessions());
    yield ofSessions('remove-workspace', await this.expiredWorkspaces());
    yield [{ kind: 'remove-mirrors' }, { kind: 'empty-trash' }];
    yield ofSessions('measure-workspace', await this.store.toMeasure());
    yield (await this.store.tenants()).map((tenantId) => ({ kind: 'measure-mirrors', tenantId }));
  }

  protected async reconcile(task: Task): Promise<ReconcileResult> {
    switch (task.kind) {
      case 'archive-session':
        await this.archiveSession(task.session);
        break;
      case 'remove-workspace':
        await this.removeWorkspace(task.session);
        break;
      case 'remove-mirrors':
        await this.removeMirrors();
        break;
      case 'empty-trash':
        await this.storage.emptyTrash();
        break;
      case 'measure-workspace':
        await this.measureWorkspace(task.session);
        break;
      case 'measure-mirrors':
        await this.measureMirrors(task.tenantId);
        break;
    }
    return 'done';
  }

  private async idleSessions(): Promise<SessionRef[]> {
    const before = daysAgo(this.config.RETENTION_IDLE_DAYS);
    return before ? this.store.idleSince(before) : [];
  }

  private async expiredWorkspaces(): Promise<SessionRef[]> {
    const before = daysAgo(this.config.RETENTION_WORKSPACE_DAYS);
    return before ? this.store.archivedBefore(before) : [];
  }

  private async archiveSession({ tenantId, sessionId }: SessionRef): Promise<void> {
    const before = daysAgo(this.config.RETENTION_IDLE_DAYS);
    if (before) await this.sessions.archiveIdle(systemContext('retention', tenantId), sessionId, before);
  }

  /** The folder first: after a crash between the two it is removed again, whereas the other order would leave it there. */
  private async removeWorkspace(session: SessionRef): Promise<void> {
    await this.store.removeWorkspace(session, () => this.storage.removeWorkspace(session.sessionId));
  }

  private async removeMirrors(): Promise<void> {
    const { RETENTION_MIRROR_DAYS: days } = this.config;
    if (days === 0) return;
    const removed = await this.clones.removeIdleMirrors(days * DAY_MS);
    if (removed > 0) this.logger.log(`${removed} unused mirrors were removed`);
  }

  private async measureWorkspace(session: SessionRef): Promise<void> {
    const at = new Date();
    const bytes = await this.storage.workspaceBytes(session.sessionId);
    if (bytes !== null) await this.store.saveSize(session, bytes, at);
  }

  private async measureMirrors(tenantId: string): Promise<void> {
    const ctx = systemContext('retention', tenantId);
    await this.usage.saveMirrors(ctx, (await this.storage.mirrorBytes(ctx)) ?? 0);
  }
}

type SessionTask = Extract<Task, { session: SessionRef }>;
const ofSessions = (kind: SessionTask['kind'], sessions: SessionRef[]): Task[] =>
  sessions.map((session) => ({ kind, session }));

function keyOf(task: Task): string {
  if ('session' in task) return `${task.kind} ${task.session.sessionId}`;
  return 'tenantId' in task ? `${task.kind} ${task.tenantId}` : task.kind;
}

/** @returns null for 0, which means never */
const daysAgo = (days: number): Date | null => (days === 0 ? null : new Date(Date.now() - days * DAY_MS));
