import {
  Raw,
  type EntityManager,
  type EntityTarget,
  type FindManyOptions,
  type FindOneOptions,
  type FindOptionsWhere,
  type SelectQueryBuilder,
} from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import { visibleRowsOf } from './private-rows.js';
import type { TenantRow, TenantScope } from './tenant-row.js';

type Where<E> = FindOptionsWhere<E> | FindOptionsWhere<E>[];

/**
 * A TypeORM repository that adds its tenant to every statement: the first line between tenants (the second: `row-security.ts`).
 * If a person reads, it also leaves out what is private to others (`private-rows.ts`).
 */
export class TenantRepository<E extends TenantRow> {
  constructor(
    protected readonly tx: { readonly manager: EntityManager; readonly scope: TenantScope },
    protected readonly entity: EntityTarget<E>,
  ) {}

  find(options: FindManyOptions<E> = {}): Promise<E[]> {
    return this.tx.manager.find(this.entity, { ...options, where: this.owned(options.where) });
  }

  findOne(options: FindOneOptions<E> & { where: Where<E> }): Promise<E | null> {
    return this.tx.manager.findOne(this.entity, { ...options, where: this.owned(options.where) });
  }

  count(where?: Where<E>): Promise<number> {
    return this.tx.manager.count(this.entity, { where: this.owned(where) });
  }

  /** Inserts one row for this tenant. @returns the row as stored, with its defaults */
  async insert(row: Omit<QueryDeepPartialEntity<E>, 'tenantId'>): Promise<E> {
    const values = { ...row, tenantId: this.tx.scope.tenantId } as QueryDeepPartialEntity<E>;
    const result = await this.tx.manager
      .createQueryBuilder()
      .insert()
      .into(this.entity)
      .values(values)
      .returning('*')
      .execute();
    return this.tx.manager.create(this.entity, result.generatedMaps[0] as never);
  }

  /** @returns how many rows it changed; 0: a compare-and-set has lost its race */
  async update(where: Where<E>, set: Omit<QueryDeepPartialEntity<E>, 'tenantId'>): Promise<number> {
    const result = await this.tx.manager
      .createQueryBuilder()
      .update(this.entity)
      .set(set as QueryDeepPartialEntity<E>)
      .where(this.owned(where))
      .execute();
    return result.affected ?? 0;
  }

  /** @returns how many rows it removed. */
  async delete(where: Where<E>): Promise<number> {
    const result = await this.tx.manager
      .createQueryBuilder()
      .delete()
      .from(this.entity)
      .where(this.owned(where))
      .execute();
    return result.affected ?? 0;
  }

  /** A select that already has the conditions of its scope. Add conditions with `andWhere`, never with `where` or `orWhere`. */
  select(alias: string): SelectQueryBuilder<E> {
    const { tenantId, readerId } = this.tx.scope;
    const select = this.tx.manager
      .createQueryBuilder(this.entity, alias)
      .where(`${alias}.tenantId = :scopeTenantId`, { scopeTenantId: tenantId });
    const isVisible = visibleRowsOf(this.entity);
    return isVisible && readerId !== undefined
      ? select.andWhere(isVisible(`${alias}.tenantId`), { readerId })
      : select;
  }

  protected owned(where: Where<E> | undefined): FindOptionsWhere<E>[] {
    const alternatives = Array.isArray(where) ? where : [where ?? {}];
    return alternatives.map((part) => ({ ...part, tenantId: this.tenantCondition() }) as FindOptionsWhere<E>);
  }

  private tenantCondition() {
    const { tenantId, readerId } = this.tx.scope;
    const isVisible = visibleRowsOf(this.entity);
    if (!isVisible || readerId === undefined) return tenantId;
    return Raw((tenant) => `${tenant} = :scopeTenantId AND ${isVisible(tenant)}`, {
      scopeTenantId: tenantId,
      readerId,
    });
  }
}
