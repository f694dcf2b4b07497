import { Injectable } from '@nestjs/common';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { LOCK, lockInTransaction } from '../database/locks.js';
import type { TenantTransaction } from '../database/tenant-database.js';
import { SpendRulesStore } from '../usage/spend-rules.js';

/** Also those of sessions that the reader of the transaction may not see. */
const QUEUED = `
  SELECT count(*) FILTER (WHERE session_id = $2)::int AS session, count(*) FILTER (WHERE created_by = $3)::int AS person,
         count(*)::int AS tenant
    FROM runs WHERE tenant_id = $1 AND status = 'queued'`;
const IN_FLIGHT = `
  SELECT count(*) FILTER (WHERE created_by = $2)::int AS person, count(*)::int AS tenant
    FROM runs WHERE tenant_id = $1 AND (status = 'running' OR (status = 'queued' AND dispatched_at IS NOT NULL))`;

interface Counts {
  session: number;
  person: number;
  tenant: number;
}

const WORDS = { session: 'one session', person: 'one person', tenant: 'the organisation' };

/** How many runs an organisation's limits allow, at the same time and in the queue. */
@Injectable()
export class RunLimits {
  constructor(private readonly rules: SpendRulesStore) {}

  /**
   * For the transaction that queues a run.
   * @param person who queues it
   * @throws ProblemError limit_reached
   */
  async requireRoomInQueue(tx: TenantTransaction, sessionId: string, person: string): Promise<void> {
    const { limits, ceilings } = await this.rules.readIn(tx);
    const scopes = (['session', 'person', 'tenant'] as const).filter(
      (scope) => limits[scope].queued_runs !== null,
    );
    if (scopes.length === 0) return;
    const { tenantId } = tx.scope;
    await lockInTransaction(tx.manager, LOCK.tenantRuns(tenantId));
    const [queued] = await tx.manager.query<[Counts]>(QUEUED, [tenantId, sessionId, person]);
    for (const scope of scopes) {
      const cap = limits[scope].queued_runs ?? 0;
      if (queued[scope] < cap) continue;
      const whom =
        ceilings[scope].queued_runs === cap ? 'the operator of this installation (MAX_LIMITS)' : 'an admin';
      throw new ProblemError(
        'limit_reached',
        `At most ${cap} runs of ${WORDS[scope]} may wait in the queue. Send the prompt again when one has ended, or ask ${whom} to raise the limit.`,
      );
    }
  }

  /** Whether the limits of concurrent runs leave room for one more of this person. */
  async hasRoom(tx: TenantTransaction, person: string): Promise<boolean> {
    const { limits } = await this.rules.readIn(tx);
    const caps = { person: limits.person.concurrent_runs, tenant: limits.tenant.concurrent_runs };
    if (caps.person === null && caps.tenant === null) return true;
    const [running] = await tx.manager.query<[Counts]>(IN_FLIGHT, [tx.scope.tenantId, person]);
    return running.person < (caps.person ?? Infinity) && running.tenant < (caps.tenant ?? Infinity);
  }
}
