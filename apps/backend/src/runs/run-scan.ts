import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '../database/system-database.js';
import type { SessionRef } from '../sessions/session.entity.js';
import { BLOCKED_BY_SETUP } from '../environments/setup-gate.js';
import { HELD } from './queue-hold.js';

const DUE = `
  SELECT DISTINCT r.tenant_id AS "tenantId", r.session_id AS "sessionId"
    FROM runs r JOIN sessions s ON s.tenant_id = r.tenant_id AND s.id = r.session_id
   WHERE r.status IN ('queued', 'running', 'waiting') AND NOT (${BLOCKED_BY_SETUP}) AND NOT (${HELD})`;

/** Finds work for the reconciler of runs. */
@Injectable()
export class RunScan {
  constructor(private readonly system: SystemDatabase) {}

  /** Sessions of every tenant with a run that has not ended and does not wait for a person. */
  due(): Promise<SessionRef[]> {
    return this.system.query(DUE);
  }
}
