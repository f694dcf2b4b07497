import { statusesBefore, type TransitionTable } from '@saas-codex/contracts/transitions';
import { type EntityTarget, type FindOptionsWhere, In } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import type { TenantTransaction } from './tenant-database.js';
import type { TenantRow } from './tenant-row.js';

type StatusRow<S extends string> = TenantRow & { id: string; status: S };
/** Columns that change together with the status. */
type Changes<E> = Omit<QueryDeepPartialEntity<E>, 'tenantId' | 'id' | 'status'>;

/**
 * The only way to change a status: a compare-and-set along its transition table. Of several attempts at the same step
 * (a race, or an event that is delivered twice) exactly one succeeds.
 * @returns false when `to` may not follow the row's status; then nothing has changed
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
