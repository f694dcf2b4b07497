import { setTimeout as delay } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CONFIG, type Config } from '../config.js';
import { LOCKS, tryLock } from '../database/advisory-lock.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { systemContext } from '../tenants/request-context.js';
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
export class Retention implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(Retention.name);
  private readonly stopping = new AbortController();
  private working: Promise<void> = Promise.resolve();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly dataSource: DataSource,
    private readonly store: RetentionStore,
    private readonly sessions: SessionsService,
    private readonly workspaces: Workspaces,
    private readonly usage: UsageService,
  ) {}

  onApplicationBootstrap(): void {
    this.working = this.work();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.working;
  }

  /** Does all that is to be done now; nothing when another backend is at it. */
  async sweep(): Promise<void> {
    await tryLock(this.dataSource, LOCKS.retention, async () => {
      await this.archiveIdle();
      await this.clearArchived();
      await this.removeMirrors();
      await this.workspaces.emptyTrash();
      await this.measure();
    });
  }

  private async work(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await this.sweep().catch((error: unknown) => {
        this.logger.error(`retention failed: ${String(error)}`, (error as Error).stack);
      });
      await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private async archiveIdle(): Promise<void> {
    const before = daysAgo(this.config.RETENTION_IDLE_DAYS);
    if (before === null) return;
    for (const ref of await this.store.idleSince(before)) {
      if (this.stopping.signal.aborted) return;
      await this.sessions.archiveIdle(systemContext(ref.tenantId), ref.sessionId, before);
    }
  }

  /** The folder first: a crash between the two removes it once more, where the other way round it would stay. */
  private async clearArchived(): Promise<void> {
    const before = daysAgo(this.config.RETENTION_WORKSPACE_DAYS);
    if (before === null) return;
    for (const ref of await this.store.archivedBefore(before)) {
      if (this.stopping.signal.aborted) return;
      await this.workspaces.remove(systemContext(ref.tenantId), ref.sessionId);
      await this.store.saveWorkspaceRemoved(ref);
    }
  }

  private async removeMirrors(): Promise<void> {
    const { RETENTION_MIRROR_DAYS: days } = this.config;
    if (days === 0) return;
    const removed = await this.workspaces.removeIdleMirrors(days * DAY_MS);
    if (removed > 0) this.logger.log(`${removed} mirrors that nobody used were removed`);
  }

  private async measure(): Promise<void> {
    for (const ref of await this.store.toMeasure()) {
      if (this.stopping.signal.aborted) return;
      const at = new Date();
      const bytes = await this.workspaces.size(systemContext(ref.tenantId), ref.sessionId);
      if (bytes !== null) await this.store.saveSize(ref, bytes, at);
    }
    for (const tenantId of await this.store.tenants()) {
      if (this.stopping.signal.aborted) return;
      const ctx = systemContext(tenantId);
      await this.usage.saveMirrors(ctx, (await this.workspaces.mirrorsSize(ctx)) ?? 0);
    }
  }
}

/** null: never. */
const daysAgo = (days: number): Date | null => (days === 0 ? null : new Date(Date.now() - days * DAY_MS));
