import { randomBytes, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { AuditEntry } from '@saas-codex/contracts/audit';
import {
  AUDIT_WEBHOOK_BATCH,
  type AuditWebhook,
  type SavedAuditWebhook,
  type SetAuditWebhook,
} from '@saas-codex/contracts/audit-webhook';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { In } from 'typeorm';
import { AuditEntryEntity, toAuditEntry } from '../audit/audit-entry.entity.js';
import { RequestAudit } from '../audit/request-audit.js';
import { LOCK, lockInTransaction } from '../database/locks.js';
import { TenantDatabase, type TenantTransaction } from '../database/tenant-database.js';
import type { TenantScope } from '../database/tenant-row.js';
import type { RequestContext } from '../identity/request-context.js';
import { SecretStore } from '../secrets/secret-store.js';

/** Entries that are sent as one message, on the first attempt and on each that follows. */
export interface AuditBatch {
  url: string;
  secretId: string;
  /** The last entry's position. */
  end: string;
  entries: AuditEntry[];
}

interface Row {
  url: string;
  secretId: string;
  waiting: number;
  lastDeliveredAt: Date | null;
  failingSince: Date | null;
  lastError: string | null;
  nextAttemptAt: Date | null;
}

const READ = `
  SELECT url, secret_id AS "secretId", last_delivered_at AS "lastDeliveredAt", failing_since AS "failingSince",
         last_error AS "lastError", next_attempt_at AS "nextAttemptAt",
         (SELECT count(*)::int FROM audit_webhook_entries e WHERE e.tenant_id = w.tenant_id) AS waiting
    FROM audit_webhooks w WHERE tenant_id = $1`;
const MOVE = `
  UPDATE audit_webhooks SET url = $2, failures = 0, failing_since = NULL, last_error = NULL, next_attempt_at = NULL
   WHERE tenant_id = $1`;
const INSERT = 'INSERT INTO audit_webhooks (tenant_id, url, secret_id) VALUES ($1, $2, $3)';

/** A batch keeps its end until it is delivered, so that what is sent again is the same. */
const BEGIN = `
  UPDATE audit_webhooks SET batch_end = coalesce(batch_end, (
      SELECT max(position) FROM (
        SELECT position FROM audit_webhook_entries WHERE tenant_id = $1 ORDER BY position LIMIT ${AUDIT_WEBHOOK_BATCH}) AS first))
   WHERE tenant_id = $1 AND (next_attempt_at IS NULL OR next_attempt_at <= now())
  RETURNING url, secret_id AS "secretId", batch_end AS "end"`;
const ENTRIES = `
  SELECT entry_id AS id FROM audit_webhook_entries WHERE tenant_id = $1 AND position <= $2 ORDER BY position`;
const TAKE = 'DELETE FROM audit_webhook_entries WHERE tenant_id = $1 AND position <= $2';
const DELIVERED = `
  UPDATE audit_webhooks SET batch_end = NULL, failures = 0, failing_since = NULL, last_error = NULL, next_attempt_at = NULL,
         last_delivered_at = CASE WHEN $2 THEN now() ELSE last_delivered_at END
   WHERE tenant_id = $1`;
/** Pauses of 5 s, 10 s, 20 s …, at most an hour. What was set meanwhile has not failed. */
const FAILED = `
  UPDATE audit_webhooks SET failures = failures + 1, failing_since = coalesce(failing_since, now()), last_error = $3,
         next_attempt_at = now() + make_interval(secs => least(5 * power(2, least(failures, 10)), 3600))
   WHERE tenant_id = $1 AND url = $2`;
const DUE_NOW = 'UPDATE audit_webhooks SET next_attempt_at = NULL WHERE tenant_id = $1';

/** The webhook of a tenant's audit log, and how far it has got. */
@Injectable()
export class AuditWebhookStore {
  constructor(
    private readonly db: TenantDatabase,
    private readonly secrets: SecretStore,
    private readonly audit: RequestAudit,
  ) {}

  async read(scope: TenantScope): Promise<AuditWebhook | null> {
    const row = await this.db.run(scope, readIn);
    return row && toAuditWebhook(row);
  }

  /** @throws ProblemError webhook_not_found */
  async target(scope: TenantScope): Promise<{ url: string; secretId: string }> {
    const row = await this.db.run(scope, readIn);
    if (!row) throw notFound();
    return row;
  }

  /** Starts with the entry of this change, or goes on where the address before has stopped. @throws ProblemError too_many_secrets */
  async set(ctx: RequestContext, { url, secret }: SetAuditWebhook): Promise<SavedAuditWebhook> {
    const { tenantId } = ctx;
    return this.db.run(ctx, async (tx) => {
      await lockInTransaction(tx.manager, LOCK.tenantSecrets(tenantId));
      const before = await readIn(tx);
      const made = secret === undefined && !before ? `whsec_${randomBytes(32).toString('base64')}` : null;
      const value = secret ?? made;
      const secretId = before?.secretId ?? randomUUID();
      if (value !== null)
        await this.secrets.saveIn(tx, ctx, {
          id: secretId,
          kind: 'webhook_secret',
          name: 'Audit log',
          value,
        });
      if (before) await tx.manager.query(MOVE, [tenantId, url]);
      else await tx.manager.query(INSERT, [tenantId, url, secretId]);
      // Of the address only the host: a path may hold a token of the receiver's.
      const host = { old: before && new URL(before.url).host, new: new URL(url).host };
      await this.audit.recordIn(tx, ctx, { changes: { host } });
      return { ...toAuditWebhook((await readIn(tx)) as Row), secret: made };
    });
  }

  /** With its secret, and with what is not delivered. @throws ProblemError webhook_not_found */
  async remove(ctx: RequestContext): Promise<void> {
    await this.db.run(ctx, async (tx) => {
      const before = await readIn(tx);
      if (!before) throw notFound();
      await tx.manager.query('DELETE FROM audit_webhooks WHERE tenant_id = $1', [ctx.tenantId]);
      await this.secrets.removeIn(tx, before.secretId);
      await this.audit.recordIn(tx, ctx, { changes: { host: { old: new URL(before.url).host, new: null } } });
    });
  }

  /** @returns null when nothing is due */
  async begin(scope: TenantScope): Promise<AuditBatch | null> {
    const { tenantId } = scope;
    return this.db.run(scope, async (tx) => {
      const [[due]] = await tx.manager.query<
        [(Omit<AuditBatch, 'end' | 'entries'> & { end: string | null })[]]
      >(BEGIN, [tenantId]);
      if (!due || due.end === null) return null;
      const positions = await tx.manager.query<{ id: string }[]>(ENTRIES, [tenantId, due.end]);
      const ids = positions.map(({ id }) => id);
      const rows = await tx.of(AuditEntryEntity).find({ where: { id: In(ids) } });
      // Retention may have removed some while the receiver was away.
      const entries = ids.flatMap((id) => rows.find((row) => row.id === id) ?? []).map(toAuditEntry);
      return { ...due, end: due.end, entries };
    });
  }

  async delivered(scope: TenantScope, { end, entries }: AuditBatch): Promise<void> {
    await this.db.run(scope, async (tx) => {
      await tx.manager.query(TAKE, [scope.tenantId, end]);
      await tx.manager.query(DELIVERED, [scope.tenantId, entries.length > 0]);
    });
  }

  async failed(scope: TenantScope, { url }: AuditBatch, why: string): Promise<void> {
    await this.db.run(scope, (tx) => tx.manager.query(FAILED, [scope.tenantId, url, why]));
  }

  /** Ends the pause after a failure. */
  async dueNow(scope: TenantScope): Promise<void> {
    await this.db.run(scope, (tx) => tx.manager.query(DUE_NOW, [scope.tenantId]));
  }
}

async function readIn(tx: TenantTransaction): Promise<Row | null> {
  const [row] = await tx.manager.query<Row[]>(READ, [tx.scope.tenantId]);
  return row ?? null;
}

const toAuditWebhook = (row: Row): AuditWebhook => ({
  url: row.url,
  waiting: row.waiting,
  last_delivered_at: row.lastDeliveredAt?.toISOString() ?? null,
  failing_since: row.failingSince?.toISOString() ?? null,
  last_error: row.lastError,
  next_attempt_at: row.nextAttemptAt?.toISOString() ?? null,
});

const notFound = () =>
  new ProblemError('webhook_not_found', 'The audit log of your organisation has none. Set one first.');
