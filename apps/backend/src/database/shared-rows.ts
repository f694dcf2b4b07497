import type { EntityTarget } from 'typeorm';

const conditions = new WeakMap<object, string>();

/**
 * On an entity of which those who have a link to a session see some rows. `TenantRepository` adds the condition, in SQL, to every
 * statement of a scope with `onlySessionId`, which the condition names as `:onlySessionId`. It names the row's own columns
 * without a table.
 */
export const SharedRows =
  (condition: string): ClassDecorator =>
  (entity) =>
    void conditions.set(entity, condition);

/** The condition of an entity. @throws Error for an entity without one: nobody with a link gets any of its rows */
export function sharedRowsOf(entity: EntityTarget<unknown>): string {
  const condition = typeof entity === 'function' ? conditions.get(entity) : undefined;
  if (condition === undefined) throw new Error('Rows of this entity are not shared by links.');
  return condition;
}
