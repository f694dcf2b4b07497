import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { AuditEntry } from '@saas-codex/contracts/audit';
import type { AuditDelivery, AuditWebhookTest } from '@saas-codex/contracts/audit-webhook';
import { LOCK, Locks } from '../database/locks.js';
import { SystemDatabase } from '../database/system-database.js';
import type { TenantScope } from '../database/tenant-row.js';
import { Reconciler, type ReconcileResult } from '../reconcile/reconciler.js';
import { SecretStore } from '../secrets/secret-store.js';
import { AuditWebhookStore } from './audit-webhook-store.js';
import { WebhookSender } from './webhook-sender.js';

interface Tenant {
  tenantId: string;
}

const PLACES = { total: 8, perTenant: 1 };
/** How long an entry waits at most, when the receiver is well. */
const SCAN_EVERY_MS = 2_000;
const NO_SECRET = 'The secret of the webhook is gone. Remove the webhook, and set it again.';

/** Webhooks that have something to deliver. A deleted tenant's waits, in case the tenant is restored. */
const DUE = `
  SELECT w.tenant_id AS "tenantId", coalesce(w.next_attempt_at, now()) AS "dueAt"
    FROM audit_webhooks w JOIN tenants t ON t.id = w.tenant_id AND t.deleted_at IS NULL
   WHERE EXISTS (SELECT FROM audit_webhook_entries e WHERE e.tenant_id = w.tenant_id)`;

/**
 * Delivers audit logs to their webhooks: in order, at least once, one backend at a time for each.
 *
 *     audit_webhook_entries ─► the first 100 ─► POST ─► taken: they leave the table
 *              (lock)              ▲                └─► else: a growing pause
 *                                  └── after a crash the same ones again, with the same `webhook-id`
 */
@Injectable()
export class AuditWebhookDeliverer extends Reconciler<Tenant> {
  constructor(
    private readonly system: SystemDatabase,
    private readonly locks: Locks,
    private readonly store: AuditWebhookStore,
    private readonly secrets: SecretStore,
    private readonly sender: WebhookSender,
  ) {
    super({
      keyOf: ({ tenantId }) => tenantId,
      tenantOf: ({ tenantId }) => tenantId,
      places: PLACES,
      scanEveryMs: SCAN_EVERY_MS,
    });
  }

  protected async *scan(): AsyncGenerator<(Tenant & { dueAt: Date })[]> {
    yield await this.system.query<Tenant & { dueAt: Date }>(DUE);
  }

  protected async reconcile(tenant: Tenant, signal: AbortSignal): Promise<ReconcileResult> {
    const lock = LOCK.auditWebhook(tenant.tenantId);
    const result = await this.locks.tryWithLock(lock, (held) => this.deliver(tenant, held), signal);
    // Another backend is at it. What it leaves, a scan finds.
    return result ?? 'done';
  }

  /** Sends a message without entries. When it arrives, entries that wait for the end of a pause follow at once. */
  async test(scope: TenantScope): Promise<AuditWebhookTest> {
    const error = await this.locks.withLock(LOCK.auditWebhook(scope.tenantId), async (signal) => {
      const { url, secretId } = await this.store.target(scope);
      return this.send(scope, { url, secretId, entries: [] }, randomUUID(), signal);
    });
    if (error === null) {
      await this.store.dueNow(scope);
      void this.kick({ tenantId: scope.tenantId });
    }
    return { delivered: error === null, error };
  }

  private async deliver(tenant: Tenant, signal: AbortSignal): Promise<ReconcileResult> {
    const batch = await this.store.begin(tenant);
    if (!batch) return 'done';
    const [first] = batch.entries;
    const error = first ? await this.send(tenant, batch, first.entry_id, signal) : null;
    if (error !== null) {
      await this.store.failed(tenant, batch, error);
      return 'done';
    }
    await this.store.delivered(tenant, batch);
    return 'more';
  }

  /** @param id each entry is in one batch only, so the first one's names the batch */
  private async send(
    { tenantId }: TenantScope,
    { url, secretId, entries }: { url: string; secretId: string; entries: AuditEntry[] },
    id: string,
    signal: AbortSignal,
  ): Promise<string | null> {
    const secret = await this.secrets.valueOf({ tenantId }, secretId);
    if (secret === null) return NO_SECRET;
    const delivery: AuditDelivery = {
      type: entries.length > 0 ? 'audit.entries' : 'audit.test',
      timestamp: entries.at(-1)?.at ?? new Date().toISOString(),
      data: { tenant_id: tenantId, entries },
    };
    return this.sender.send(url, secret, { id: `msg_${id}`, body: JSON.stringify(delivery) }, signal);
  }
}
