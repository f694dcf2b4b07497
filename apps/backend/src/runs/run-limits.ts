import { Injectable } from '@nestjs/common';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { LOCK, lockInTransaction } from '../database/locks.js';
import type { TenantTransaction } from '../database/tenant-database.js';
import { SpendRulesStore } from '../usage/spend-rules.js';
import { RunEntity } from './run.entity.js';
import { IN_FLIGHT } from './run-store.js';

/** How many runs an organisation's own limits allow, at the same time and in the queue. */
@Injectable()
export class RunLimits {
  constructor(private readonly rules: SpendRulesStore) {}

  /**
   * For the transaction that queues a run.
   * @param person who queues it
   * @throws ProblemError limit_reached
   */
  async requireRoomInQueue(tx: TenantTransaction, sessionId: string, person: string): Promise<void> {
    const { limits } = await this.rules.readIn(tx);
    const caps = [
      [limits.session.queued_runs, { sessionId }, 'one session'],
      [limits.person.queued_runs, { createdBy: person }, 'one person'],
      [limits.tenant.queued_runs, {}, 'the organisation'],
    ] as const;
    if (caps.every(([cap]) => cap === null)) return;
    await lockInTransaction(tx.manager, LOCK.tenantRuns(tx.scope.tenantId));
    for (const [cap, whose, words] of caps) {
      if (cap === null || (await tx.of(RunEntity).count({ ...whose, status: 'queued' })) < cap) continue;
      throw new ProblemError(
        'limit_reached',
        `At most ${cap} runs of ${words} may wait in the queue. Send the prompt again when one has ended, or ask an admin to raise the limit.`,
      );
    }
  }

  /** Whether the limits of concurrent runs leave room for one more of this person. */
  async hasRoom(tx: TenantTransaction, person: string): Promise<boolean> {
    const { limits } = await this.rules.readIn(tx);
    const caps = [
      [limits.person.concurrent_runs, { createdBy: person }],
      [limits.tenant.concurrent_runs, {}],
    ] as const;
    for (const [cap, whose] of caps) {
      if (cap === null) continue;
      const running = await tx.of(RunEntity).count(IN_FLIGHT.map((part) => ({ ...part, ...whose })));
      if (running >= cap) return false;
    }
    return true;
  }
}
