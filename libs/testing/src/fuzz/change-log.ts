import type { OperationsWorld } from '../backend/operations-world.js';
import { ATTEMPTS } from '../backend/operations-world.js';

/** A row that was written, and committed. */
export interface Change {
  id: string;
  table: string;
  operation: 'INSERT' | 'UPDATE' | 'DELETE';
  row: Record<string, unknown>;
}

/*
 * Triggers that note every row which a transaction changes. Unlike a sum of all rows, they say what has changed, and cost a
 * request nothing that it does not change.
 */
const INSTALL = `
  CREATE SCHEMA change_log;
  CREATE TABLE change_log.changes (id bigserial PRIMARY KEY, name text, operation text, row jsonb);
  CREATE FUNCTION change_log.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
  BEGIN
    IF TG_OP = 'UPDATE' THEN
      IF OLD IS NOT DISTINCT FROM NEW THEN RETURN NULL; END IF;
    END IF;
    INSERT INTO change_log.changes (name, operation, row)
    VALUES (TG_TABLE_NAME, TG_OP, CASE TG_OP WHEN 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END);
    RETURN NULL;
  END $$`;

export class ChangeLog {
  private last = '0';

  private constructor(private readonly world: OperationsWorld) {}

  static async install(world: OperationsWorld): Promise<ChangeLog> {
    await world.sql(INSTALL);
    const tables = await world.sql<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    for (const { name } of tables) {
      await world.sql(
        `CREATE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE ON "${name}"
           FOR EACH ROW EXECUTE FUNCTION change_log.note()`,
      );
    }
    return new ChangeLog(world);
  }

  /** @returns what has changed since the last call, without rows that came and went */
  async next(): Promise<Change[]> {
    const all = await this.world.sql<Change>(
      `SELECT id, name AS table, operation, row FROM change_log.changes WHERE id > $1 ORDER BY id`,
      [this.last],
    );
    this.last = all.at(-1)?.id ?? this.last;
    const isCreated = new Set<string>();
    const isGone = new Set<string>();
    for (const change of all) {
      if (change.operation === 'INSERT') isCreated.add(nameOf(change));
      if (change.operation === 'DELETE' && isCreated.has(nameOf(change))) isGone.add(nameOf(change));
    }
    return all.filter((change) => !isGone.has(nameOf(change)));
  }
}

const nameOf = ({ table, row: { id, key, tenant_id } }: Change) =>
  JSON.stringify([table, id, key, tenant_id]);

/** Whether a refused request may do this: use of a credential is noted, refusals are audited, and saved for a repetition. */
export const isAttempt = ({ table, operation }: Change): boolean =>
  [...ATTEMPTS, 'idempotency_keys'].includes(table) &&
  (operation === 'UPDATE' || !['user_sessions', 'api_keys'].includes(table));
