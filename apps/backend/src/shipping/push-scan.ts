import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '../database/system-database.js';
import type { Due } from '../reconcile/reconciler.js';

/** A push as background work names it. */
export interface PushRef {
  tenantId: string;
  sessionId: string;
  pushId: string;
}

const DUE = `
  SELECT tenant_id AS "tenantId", session_id AS "sessionId", id AS "pushId", retry_at AS "dueAt" FROM session_pushes
   WHERE status = 'pending' ORDER BY id`;

/** Finds work for the reconciler of pushes. */
@Injectable()
export class PushScan {
  constructor(private readonly system: SystemDatabase) {}

  /** Pushes of every tenant that are under way. */
  async due(): Promise<Due<PushRef>[]> {
    const rows = await this.system.query<PushRef & { dueAt: Date | null }>(DUE);
    return rows.map(({ dueAt, ...ref }) => (dueAt === null ? ref : { ...ref, dueAt }));
  }
}
