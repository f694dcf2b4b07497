import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '../database/system-database.js';
import type { SessionRef } from './session.entity.js';

const DUE = `
  SELECT tenant_id AS "tenantId", id AS "sessionId" FROM sessions
   WHERE status = 'provisioning' OR deleted_at IS NOT NULL ORDER BY id`;

/** Finds work for the reconciler of sessions. */
@Injectable()
export class SessionScan {
  constructor(private readonly system: SystemDatabase) {}

  /** Sessions of every tenant that must be set up or removed. */
  due(): Promise<SessionRef[]> {
    return this.system.query(DUE);
  }
}
