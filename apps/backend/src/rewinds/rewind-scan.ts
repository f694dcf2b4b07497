import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '../database/system-database.js';
import type { SessionRef } from '../sessions/session.entity.js';

const DUE = `
  SELECT tenant_id AS "tenantId", id AS "sessionId" FROM sessions
   WHERE rewind ->> 'status' IN ('rewinding', 'undoing') AND deleted_at IS NULL ORDER BY id`;

/** Finds work for the reconciler of rewinds. */
@Injectable()
export class RewindScan {
  constructor(private readonly system: SystemDatabase) {}

  /** Sessions of every tenant that are going back to before a run, or forward again. */
  due(): Promise<SessionRef[]> {
    return this.system.query(DUE);
  }
}
