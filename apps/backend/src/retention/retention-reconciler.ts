import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG, type Config } from '../config.js';
import { LOCK, Locks } from '../database/locks.js';
import { systemContext } from '../identity/request-context.js';
import { Reconciler, type ReconcileResult } from '../reconcile/reconciler.js';
import { ImagesService, unusedBefore } from '../images/images.service.js';
import type { SessionRef } from '../sessions/session.entity.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { UsageService } from '../usage/usage.service.js';
import { Clones } from '../workspaces/clones/clones.js';
import { Storage } from '../workspaces/storage/storage.js';
import { RetentionStore } from './retention-store.js';

const SCAN_EVERY_MS = 5 * 60_000;
const DAY_MS = 24 * 60 * 60_000;

/** null: what belongs to no tenant alone. */
interface Owner {
  tenantId: string | null;
}

/** Tenants whose storage is freed and measured at the same time. Measuring takes as long as a tenant's files make it. */
const PLACES = { total: 4, perTenant: 1 };

/**
 * Frees unused storage and measures the rest. One backend at a time does this for a tenant, every few minutes:
 *
 *     session idle ──RETENTION_IDLE_DAYS──► archived ──RETENTION_WORKSPACE_DAYS──► its workspace is removed
 *     mirror that no workspace borrows from ──RETENTION_MIRROR_DAYS──► removed
 *     image that no prompt has used ──a day──► removed
 *
 * A session's events, runs and numbers stay, in Postgres. Every task may run twice. A task that fails is left to the next
 * scan, like what does not fit into a page.
 */
@Injectable()
export class RetentionReconciler extends Reconciler<Owner> {
  private readonly logger = new Logger(RetentionReconciler.name);

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly locks: Locks,
    private readonly store: RetentionStore,
    private readonly sessions: SessionsService,
    private readonly images: ImagesService,
    private readonly clones: Clones,
    private readonly storage: Storage,
    private readonly usage: UsageService,
  ) {
    super({
      keyOf: ({ tenantId }) => tenantId ?? 'installation',
      tenantOf: ({ tenantId }) => tenantId ?? '',
      places: PLACES,
      scanEveryMs: SCAN_EVERY_MS,
    });
  }

  protected async *scan(): AsyncGenerator<Owner[]> {
    const tenants = await this.store.tenants();
    yield [{ tenantId: null }, ...tenants.map((tenantId) => ({ tenantId }))];
  }

  protected async reconcile({ tenantId }: Owner, signal: AbortSignal): Promise<ReconcileResult> {
    const work = (held: AbortSignal) =>
      tenantId === null ? this.tidyInstallation(held) : this.tidyTenant(tenantId, held);
    await this.locks.tryWithLock(LOCK.retention(tenantId), work, signal);
    return 'done';
  }

  private async tidyInstallation(held: AbortSignal): Promise<void> {
    await this.each(held, [() => this.removeMirrors(), () => this.storage.emptyTrash()], (task) => task());
  }

  private async tidyTenant(tenantId: string, held: AbortSignal): Promise<void> {
    const { RETENTION_IDLE_DAYS: idleDays, RETENTION_WORKSPACE_DAYS: workspaceDays } = this.config;
    const [idleSince, archivedBefore] = [daysAgo(idleDays), daysAgo(workspaceDays)];
    const idle = idleSince ? await this.store.idleSince(tenantId, idleSince) : [];
    await this.each(held, idle, (session) => this.archiveSession(session));
    const expired = archivedBefore ? await this.store.archivedBefore(tenantId, archivedBefore) : [];
    await this.each(held, expired, (session) => this.removeWorkspace(session));
    const unused = await this.store.withUnusedImages(tenantId, unusedBefore());
    await this.each(held, unused, (session) => this.removeUnusedImages(session));
    const changed = await this.store.toMeasure(tenantId);
    await this.each(held, changed, (session) => this.measureWorkspace(session, held));
    await this.each(held, [tenantId], () => this.measureMirrors(tenantId, held));
  }

  /** One after the other, until the lock is lost or the backend stops. What fails does not stop the others. */
  private async each<T>(
    held: AbortSignal,
    items: readonly T[],
    work: (item: T) => Promise<void>,
  ): Promise<void> {
    for (const item of items) {
      if (held.aborted) return;
      await work(item).catch((error: Error) => {
        if (!held.aborted) this.logger.error(`A task of retention failed: ${error.message}`, error.stack);
      });
    }
  }

  private async archiveSession({ tenantId, sessionId }: SessionRef): Promise<void> {
    const before = daysAgo(this.config.RETENTION_IDLE_DAYS);
    if (before) await this.sessions.archiveIdle(systemContext('retention', tenantId), sessionId, before);
  }

  /** The folder first: after a crash between the two it is removed again, whereas the other order would leave it there. */
  private async removeWorkspace(session: SessionRef): Promise<void> {
    await this.store.removeWorkspace(session, () => this.storage.removeWorkspace(session.sessionId));
  }

  private async removeUnusedImages({ tenantId, sessionId }: SessionRef): Promise<void> {
    await this.images.removeUnused(systemContext('retention', tenantId), sessionId);
  }

  private async removeMirrors(): Promise<void> {
    const { RETENTION_MIRROR_DAYS: days } = this.config;
    if (days === 0) return;
    const removed = await this.clones.removeIdleMirrors(days * DAY_MS);
    if (removed > 0) this.logger.log(`${removed} unused mirrors were removed`);
  }

  private async measureWorkspace(session: SessionRef, signal: AbortSignal): Promise<void> {
    const at = new Date();
    const bytes = await this.storage.workspaceBytes(session.sessionId, signal);
    if (bytes !== null) await this.store.saveSize(session, bytes, at);
  }

  private async measureMirrors(tenantId: string, signal: AbortSignal): Promise<void> {
    const ctx = systemContext('retention', tenantId);
    await this.usage.saveMirrors(ctx, (await this.storage.mirrorBytes(ctx, signal)) ?? 0);
  }
}

/** @returns null for 0, which means never */
const daysAgo = (days: number): Date | null => (days === 0 ? null : new Date(Date.now() - days * DAY_MS));
