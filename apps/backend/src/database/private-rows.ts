import type { EntityTarget } from 'typeorm';

/** A condition in SQL that is true of the rows which the person `:readerId` may see. `tenant` is the row's column with its tenant. */
type VisibleRows = (tenant: string) => string;

const conditions = new WeakMap<object, VisibleRows>();

/**
 * On an entity some of whose rows are private to a person. `TenantRepository` adds the condition to every statement of a scope with
 * a reader. It names the row's own columns without a table, and other tables' columns with one.
 */
export const PrivateRows =
  (condition: VisibleRows): ClassDecorator =>
  (entity) =>
    void conditions.set(entity, condition);

/** The condition of an entity; undefined: everybody in the tenant sees its rows. */
export const visibleRowsOf = (entity: EntityTarget<unknown>): VisibleRows | undefined =>
  typeof entity === 'function' ? conditions.get(entity) : undefined;

const ownerOf = (session: string) => `coalesce(${session}owner_id, ${session}created_by)`;

/** Condition on a session, in SQL. What an older or newer version has written there is private, too. */
export const sessionIsVisible = (session = ''): string =>
  `(${session}visibility = 'tenant' OR ${ownerOf(session)} = :readerId)`;

/** The id of the one person who may read a session, in SQL; null: everybody in the tenant may. */
export const sessionPrivateTo = (session = ''): string =>
  `CASE WHEN ${session}visibility <> 'tenant' THEN ${ownerOf(session)} END`;
