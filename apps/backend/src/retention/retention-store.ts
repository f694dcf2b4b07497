import { Injectable } from '@nestjs/common';
import { IsNull } from 'typeorm';
import { AuditLog, systemEntry } from '../audit/audit-log.js';
import { SystemDatabase } from '../database/system-database.js';
import { TenantDatabase } from '../database/tenant-database.js';
import { systemContext } from '../identity/request-context.js';
import { auditedTitle } from '../sessions/session-audit.js';
import { SessionEntity, type SessionRef } from '../sessions/session.entity.js';

/** Rows of one page of a tenant; the next scan finds the rest. */
const PAGE_SIZE = 200;
const REF = `s.tenant_id AS "tenantId", s.id AS "sessionId"`;

const IDLE = `
  SELECT ${REF} FROM sessions s
   WHERE s.tenant_id = $1 AND s.status IN ('ready', 'failed') AND s.deleted_at IS NULL AND s.updated_at < $2
     AND s.active_run_id IS NULL AND s.queued_runs = 0
   ORDER BY s.updated_at LIMIT ${PAGE_SIZE}`;

/** As long as a log is not archived, the workspace holds the log's spool. */
const TO_CLEAR = `
  SELECT ${REF} FROM sessions s
   WHERE s.tenant_id = $1 AND s.status = 'archived' AND s.workspace_removed_at IS NULL AND s.deleted_at IS NULL AND s.archived_at < $2
     AND NOT EXISTS (SELECT FROM runs r WHERE r.tenant_id = s.tenant_id AND r.session_id = s.id AND r.archived_at IS NULL)
   ORDER BY s.archived_at LIMIT ${PAGE_SIZE}`;

/** Sessions that changed since they were last measured. A run changes updated_at when it starts and when it ends. */
const TO_MEASURE = `
  SELECT ${REF} FROM sessions s
   WHERE s.tenant_id = $1 AND s.status IN ('ready', 'archived') AND s.workspace_removed_at IS NULL AND s.deleted_at IS NULL
     AND (s.disk_measured_at IS NULL OR s.disk_measured_at < s.updated_at)
   ORDER BY s.updated_at LIMIT ${PAGE_SIZE}`;

const WITH_UNUSED_IMAGES = `
  SELECT DISTINCT i.tenant_id AS "tenantId", i.session_id AS "sessionId" FROM session_images i
   WHERE i.tenant_id = $1 AND i.used_at IS NULL AND i.created_at < $2 LIMIT ${PAGE_SIZE}`;

/** Finds retention's work, and records what it has done. */
@Injectable()
export class RetentionStore {
  constructor(
    private readonly db: TenantDatabase,
    private readonly system: SystemDatabase,
    private readonly audit: AuditLog,
  ) {}

  idleSince(tenantId: string, before: Date): Promise<SessionRef[]> {
    return this.find(IDLE, tenantId, before);
  }

  archivedBefore(tenantId: string, before: Date): Promise<SessionRef[]> {
    return this.find(TO_CLEAR, tenantId, before);
  }

  withUnusedImages(tenantId: string, before: Date): Promise<SessionRef[]> {
    return this.find(WITH_UNUSED_IMAGES, tenantId, before);
  }

  toMeasure(tenantId: string): Promise<SessionRef[]> {
    return this.find(TO_MEASURE, tenantId);
  }

  async tenants(): Promise<string[]> {
    const rows = await this.system.query<{ id: string }>('SELECT DISTINCT tenant_id AS id FROM sessions');
    return rows.map(({ id }) => id);
  }

  /**
   * Calls `remove` and records the removal, if the session is still archived. Its row is locked meanwhile, so that nobody
   * unarchives a session whose files are going.
   */
  async removeWorkspace({ tenantId, sessionId }: SessionRef, remove: () => Promise<void>): Promise<void> {
    const ctx = systemContext('retention', tenantId);
    await this.db.run(ctx, async (tx) => {
      const sessions = tx.of(SessionEntity);
      const archived = { id: sessionId, status: 'archived', workspaceRemovedAt: IsNull() } as const;
      const session = await sessions.findOne({ where: archived, lock: { mode: 'pessimistic_write' } });
      if (!session) return;
      await remove();
      await sessions.update({ id: sessionId }, { workspaceRemovedAt: new Date(), diskBytes: '0' });
      const target = { kind: 'session', id: sessionId, name: auditedTitle(session) } as const;
      await this.audit.record(tx, systemEntry(ctx, 'session.workspace_removed', target));
    });
  }

  /** @param at when the measurement began */
  async saveSize({ tenantId, sessionId }: SessionRef, bytes: number, at: Date): Promise<void> {
    await this.db.run({ tenantId }, (tx) =>
      tx.of(SessionEntity).update({ id: sessionId }, { diskBytes: String(bytes), diskMeasuredAt: at }),
    );
  }

  private find(statement: string, tenantId: string, ...parameters: unknown[]): Promise<SessionRef[]> {
    return this.db.run({ tenantId }, (tx) => tx.manager.query(statement, [tenantId, ...parameters]));
  }
}
