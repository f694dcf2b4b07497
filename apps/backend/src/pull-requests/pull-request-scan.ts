import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '../database/system-database.js';
import type { Due } from '../reconcile/reconciler.js';
import type { SessionRef } from '../sessions/session.entity.js';

/** More than the reconciler looks ahead. */
const SOON = `now() + interval '1 minute'`;
/** A push changes what the forge says, and not every forge reports it. */
const PUSHED_SINCE = `
  EXISTS (SELECT FROM session_pushes u
           WHERE u.tenant_id = p.tenant_id AND u.session_id = p.session_id AND u.pushed_at > p.read_at)`;
/** The pull request shows what checks have shown. */
const CHECKED_SINCE = `
  EXISTS (SELECT FROM evidence e
           WHERE e.tenant_id = p.tenant_id AND e.session_id = p.session_id AND e.created_at > p.read_at)`;
const AT = `CASE WHEN p.failures = 0 AND p.state IN ('draft', 'open') AND (${PUSHED_SINCE} OR ${CHECKED_SINCE}) THEN now() ELSE p.next_at END`;

/** Those of a deleted tenant wait, in case the tenant is restored. */
const DUE = `
  SELECT p.tenant_id AS "tenantId", p.session_id AS "sessionId", ${AT} AS "dueAt"
    FROM pull_requests p
    JOIN sessions s ON s.tenant_id = p.tenant_id AND s.id = p.session_id AND s.deleted_at IS NULL
    JOIN tenants t ON t.id = p.tenant_id AND t.deleted_at IS NULL
   WHERE ${AT} < ${SOON} ORDER BY ${AT} LIMIT 1000`;

/** Whether there is something to do depends on the session, its runs and its pushes. */
const KEPT_GREEN = `
  SELECT p.tenant_id AS "tenantId", p.session_id AS "sessionId"
    FROM pull_requests p
    JOIN sessions s ON s.tenant_id = p.tenant_id AND s.id = p.session_id AND s.deleted_at IS NULL
    JOIN tenants t ON t.id = p.tenant_id AND t.deleted_at IS NULL
   WHERE p.keep_green IS NOT NULL AND p.keep_green ->> 'stopped' IS NULL AND p.state IN ('draft', 'open')`;

/** Finds work for the reconcilers of pull requests. */
@Injectable()
export class PullRequestScan {
  constructor(private readonly system: SystemDatabase) {}

  /** Pull requests of every tenant that are to be opened, changed or read. */
  due(): Promise<Due<SessionRef>[]> {
    return this.system.query(DUE);
  }

  /** Pull requests of every tenant that are kept green by themselves. */
  keptGreen(): Promise<Due<SessionRef>[]> {
    return this.system.query(KEPT_GREEN);
  }
}
