import { statusesBefore, type TransitionTable } from '@saas-codex/contracts/transitions';
import { type EntityTarget, type FindOptionsWhere, In } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import type { TenantTransaction } from './tenant-database.js';
import type { TenantRow } from './tenant-row.js';

type StatusRow<S extends string> = TenantRow & { id: string; status: S };
/** What changes together with the status. */
type Changes<E> = Omit<QueryDeepPartialEntity<E>, 'tenantId' | 'id' | 'status'>;

/**
 * The one way a status changes: compare-and-set along its transition table. Two that race for the same step, or an
 * event that is delivered twice, find one winner here.
 * @returns false when the row does not stand where `to` may follow; then nothing has changed
 */
export async function transition<S extends string, E extends StatusRow<S>>(
  tx: TenantTransaction,
  entity: EntityTarget<E>,
  table: TransitionTable<S>,
  row: { id: string; to: S; set?: Changes<E> },
): Promise<boolean> {
  const where = { id: row.id, status: In(statusesBefore(table, row.to)) } as FindOptionsWhere<E>;
  const set = { ...row.set, status: row.to } as unknown as Omit<QueryDeepPartialEntity<E>, 'tenantId'>;
  const changed = await tx.of(entity).update(where, set);
  return changed === 1;
}
