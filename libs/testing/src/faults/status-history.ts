import { RUN_TRANSITIONS } from '@saas-codex/contracts/runs';
import { SESSION_TRANSITIONS } from '@saas-codex/contracts/sessions';
import type { TransitionTable } from '@saas-codex/contracts/transitions';
import pg from 'pg';

interface Change {
  kind: 'runs' | 'sessions';
  id: string;
  old: string | null;
  new: string;
}

/** Records every change of a status with a trigger in Postgres, independently of the product's code. */
const INSTALL = `
  CREATE SCHEMA faults;
  CREATE TABLE faults.status_history (
    n bigserial PRIMARY KEY, kind text NOT NULL, id uuid NOT NULL, old text, new text NOT NULL);
  CREATE FUNCTION faults.note_status() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
  BEGIN
    IF TG_OP = 'INSERT' THEN
      INSERT INTO faults.status_history (kind, id, new) VALUES (TG_TABLE_NAME, NEW.id, NEW.status);
    ELSIF OLD.status IS DISTINCT FROM NEW.status THEN
      INSERT INTO faults.status_history (kind, id, old, new) VALUES (TG_TABLE_NAME, NEW.id, OLD.status, NEW.status);
    END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER note_status AFTER INSERT OR UPDATE ON runs FOR EACH ROW EXECUTE FUNCTION faults.note_status();
  CREATE TRIGGER note_status AFTER INSERT OR UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION faults.note_status();`;

const FIRST = { runs: 'queued', sessions: 'provisioning' };
const TABLES: Record<Change['kind'], TransitionTable<string>> = {
  runs: RUN_TRANSITIONS,
  sessions: SESSION_TRANSITIONS,
};

/** Runs one statement on its own connection, so that it works after a restart of Postgres. */
async function query<Row extends pg.QueryResultRow>(
  url: string,
  sql: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

export class StatusHistory {
  private constructor(private readonly url: string) {}

  /** Call it when the schema exists. */
  static async install(url: string): Promise<StatusHistory> {
    await query(url, INSTALL);
    return new StatusHistory(url);
  }

  /** Changes that their transition table does not allow; empty if all is well. */
  async forbidden(): Promise<Change[]> {
    const all = await query<Change>(
      this.url,
      'SELECT kind, id, old, new FROM faults.status_history ORDER BY n',
    );
    if (all.length === 0) throw new Error('the trigger has recorded nothing');
    return all.filter((change) =>
      change.old === null
        ? change.new !== FIRST[change.kind]
        : !TABLES[change.kind][change.old]?.includes(change.new),
    );
  }

  /** A run's durable events in Postgres. */
  archived(runId: string): Promise<{ seq: number; type: string; event: string }[]> {
    return query(this.url, 'SELECT seq, type, event FROM run_events WHERE run_id = $1 ORDER BY seq', [runId]);
  }

  async isArchived(runId: string): Promise<boolean> {
    const rows = await query(this.url, 'SELECT 1 FROM runs WHERE id = $1 AND archived_at IS NOT NULL', [
      runId,
    ]);
    return rows.length === 1;
  }

  /** Whether a backend has claimed the run to hand it over to the runners. */
  async isDispatched(runId: string): Promise<boolean> {
    const rows = await query(this.url, 'SELECT 1 FROM runs WHERE id = $1 AND dispatched_at IS NOT NULL', [
      runId,
    ]);
    return rows.length === 1;
  }

  /** Locks the archived events against writes. @returns a function that releases the lock */
  async lockArchive(): Promise<() => Promise<void>> {
    const client = new pg.Client({ connectionString: this.url });
    await client.connect();
    await client.query('BEGIN; LOCK TABLE run_events IN EXCLUSIVE MODE');
    return async () => {
      await client.query('ROLLBACK');
      await client.end();
    };
  }

  async archiverWaits(): Promise<boolean> {
    const rows = await query(
      this.url,
      "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO run_events%'",
    );
    return rows.length > 0;
  }
}
