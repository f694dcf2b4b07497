import type { TenantTransaction } from '../database/tenant-database.js';
import { inQueueOrder, positionOf, WAITING } from './queue-order.js';
import { RunEntity } from './run.entity.js';

/** The session's prompts that wait, in their order. */
export const readQueue = async (tx: TenantTransaction, sessionId: string): Promise<RunEntity[]> =>
  inQueueOrder(await tx.of(RunEntity).find({ where: { sessionId, ...WAITING } }));

/** Gives the prompts each other's positions, so that they start in this order. For a transaction that has locked the session's row. */
export async function placeInOrder(tx: TenantTransaction, ordered: readonly RunEntity[]): Promise<void> {
  const positions = ordered.map(positionOf).toSorted((a, b) => a - b);
  for (const [index, run] of ordered.entries()) {
    const queuePosition = positions[index];
    if (queuePosition !== positionOf(run)) await tx.of(RunEntity).update({ id: run.id }, { queuePosition });
  }
}
