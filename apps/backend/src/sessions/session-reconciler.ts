import { Injectable } from '@nestjs/common';
import { LOCK, Locks } from '../database/locks.js';
import { type RequestContext, systemContext } from '../identity/request-context.js';
import { Reconciler, type ReconcileResult } from '../reconcile/reconciler.js';
import { Storage } from '../workspaces/storage/storage.js';
import { Provisioning } from './provisioning.js';
import type { SessionEntity, SessionRef } from './session.entity.js';
import { RunsPort } from './runs-port.js';
import { SessionScan } from './session-scan.js';
import { SessionStore } from './session-store.js';

/** Sessions that are set up or removed at the same time. Setting up waits for git hosts, which may keep silent. */
const PLACES = { total: 64, perTenant: 4 };

/**
 * Sets up new sessions and removes deleted ones. One backend at a time works on a session; when it dies, another one
 * continues.
 */
@Injectable()
export class SessionReconciler extends Reconciler<SessionRef> {
  constructor(
    private readonly sessionScan: SessionScan,
    private readonly sessions: SessionStore,
    private readonly locks: Locks,
    private readonly provisioning: Provisioning,
    private readonly runs: RunsPort,
    private readonly storage: Storage,
  ) {
    super({
      keyOf: ({ sessionId }) => sessionId,
      tenantOf: ({ tenantId }) => tenantId,
      places: PLACES,
    });
  }

  protected async *scan() {
    yield await this.sessionScan.due();
  }

  protected async reconcile(ref: SessionRef, signal: AbortSignal): Promise<ReconcileResult> {
    const lock = LOCK.session(ref.sessionId);
    const result = await this.locks.tryWithLock(lock, (held) => this.advance(ref, held), signal);
    return result ?? 'retry';
  }

  private async advance(ref: SessionRef, signal: AbortSignal): Promise<ReconcileResult> {
    const ctx = systemContext('provisioning', ref.tenantId);
    const session = await this.sessions.find(ctx, ref.sessionId);
    if (session?.deletedAt) return this.remove(systemContext('removal', ref.tenantId), session);
    if (session?.status !== 'provisioning') return 'done';
    const result = await this.provisioning.provision(ctx, session, signal);
    if (result === 'done') this.runs.kick(ref);
    return result;
  }

  /**
   * First the session's runs end, since they work in the folder. Then the folder goes, then the runs and their logs, and
   * last the row, which remembers that all this has to be done.
   */
  private async remove(ctx: RequestContext, { id, tenantId }: SessionEntity): Promise<ReconcileResult> {
    if (!(await this.runs.haveEnded(ctx, id))) {
      this.runs.kick({ tenantId, sessionId: id });
      return 'retry';
    }
    await this.storage.removeWorkspace(id);
    await this.storage.removeImages(id);
    await this.runs.remove(ctx, id);
    await this.sessions.removeRow(ctx, id);
    return 'done';
  }
}
