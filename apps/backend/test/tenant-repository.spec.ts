import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';
import { createDatabase } from '@saas-codex/testing/postgres';
import { ensureRoles } from '../src/database/database-roles.js';
import { PrivateRows } from '../src/database/private-rows.js';
import { SnakeCaseNaming } from '../src/database/snake-case-naming.js';
import { CONNECTION, TenantDatabase } from '../src/database/tenant-database.js';
import { TenantRow } from '../src/database/tenant-row.js';

@Entity('things')
class Thing extends TenantRow {
  @PrimaryColumn('int')
  id: number;

  @Column({ type: 'text', default: 'new' })
  stateOfIt: string;
}

@PrivateRows(() => '(kept_by IS NULL OR kept_by = :readerId)')
@Entity('notes')
class Note extends TenantRow {
  @PrimaryColumn('int')
  id: number;

  @Column({ type: 'text', nullable: true })
  keptBy: string | null;
}

/** Refuses rows when their transaction commits. */
const DEFERRED_CHECK = `
  CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'refused at the commit'; END $$;
  CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON things DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.state_of_it = 'refused') EXECUTE FUNCTION refuse()`;

/** Without row-level security: only the predicate keeps the tenants apart here. */
const GRANT = `DO $$ BEGIN EXECUTE format('GRANT ALL ON things, notes TO %I', current_database() || '_tenant'); END $$`;

const ours = { tenantId: 'ours' };
const theirs = { tenantId: 'theirs' };

describe('TenantRepository', () => {
  let database: Awaited<ReturnType<typeof createDatabase>>;
  let dataSource: DataSource;
  let db: TenantDatabase;
  beforeAll(async () => {
    database = await createDatabase();
    dataSource = await new DataSource({
      type: 'postgres',
      url: database.url,
      entities: [Thing, Note],
      namingStrategy: new SnakeCaseNaming(),
      synchronize: true,
      extra: CONNECTION,
    }).initialize();
    await ensureRoles(dataSource);
    await dataSource.query(GRANT);
    db = new TenantDatabase(dataSource);
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });
  beforeEach(async () => {
    await dataSource.query('TRUNCATE things');
    await db.run(ours, (tx) => tx.of(Thing).insert({ id: 1 }));
    await db.run(theirs, (tx) => tx.of(Thing).insert({ id: 2 }));
  });

  const everything = () => dataSource.query('SELECT id, tenant_id, state_of_it FROM things ORDER BY id');
  const untouched = [
    { id: 1, tenant_id: 'ours', state_of_it: 'new' },
    { id: 2, tenant_id: 'theirs', state_of_it: 'new' },
  ];

  it('inserts for its own tenant, even if the row names another, and returns defaults', async () => {
    const row = { id: 3, tenantId: 'theirs' };
    expect(await db.run(ours, (tx) => tx.of(Thing).insert(row))).toEqual({
      id: 3,
      tenantId: 'ours',
      stateOfIt: 'new',
    });
  });

  it('reads, counts, changes and removes nothing that is private to another person', async () => {
    await dataSource.query('TRUNCATE notes');
    await db.run(ours, async (tx) => {
      for (const [id, keptBy] of [
        [1, null],
        [2, 'ada'],
        [3, 'ben'],
      ] as const)
        await tx.of(Note).insert({ id, keptBy });
    });
    const ids = (rows: { id: number }[]) => rows.map(({ id }) => id).toSorted((a, b) => a - b);
    const seenBy = (readerId?: string) =>
      db.run({ ...ours, readerId }, async (tx) => {
        const notes = tx.of(Note);
        const found = ids(await notes.find({ where: [{ id: 1 }, { id: 2 }, { id: 3 }] }));
        expect(ids(await notes.select('note').getMany())).toEqual(found);
        expect(await notes.count()).toBe(found.length);
        return found;
      });
    expect(await seenBy('ada')).toEqual([1, 2]);
    expect(await seenBy('cleo')).toEqual([1]);
    expect(await seenBy()).toEqual([1, 2, 3]);
    await db.run({ ...ours, readerId: 'ada' }, async (tx) => {
      const notes = tx.of(Note);
      expect(await notes.findOne({ where: { id: 3 }, lock: { mode: 'pessimistic_write' } })).toBeNull();
      expect(await notes.update({ id: 3 }, { keptBy: 'ada' })).toBe(0);
      expect(await notes.delete({ id: 3 })).toBe(0);
      expect(await notes.update({ id: 2 }, { keptBy: 'ada' })).toBe(1);
      expect(await notes.delete({ id: 2 })).toBe(1);
    });
    expect(await seenBy()).toEqual([1, 3]);
  });

  it('reads nothing of another tenant', async () => {
    await db.run(ours, async (tx) => {
      const things = tx.of(Thing);
      expect(await things.findOne({ where: { id: 2 } })).toBeNull();
      expect(await things.find()).toMatchObject([{ id: 1 }]);
      expect(await things.find({ where: [{ id: 1 }, { id: 2 }] })).toMatchObject([{ id: 1 }]);
      expect(await things.find({ where: { tenantId: 'theirs' } })).toMatchObject([{ id: 1 }]);
      expect(await things.count()).toBe(1);
      expect(await things.select('thing').andWhere('thing.id > 0').getMany()).toMatchObject([{ id: 1 }]);
    });
  });

  it('changes nothing of another tenant', async () => {
    await db.run(ours, async (tx) => {
      const things = tx.of(Thing);
      expect(await things.update({ id: 2 }, { stateOfIt: 'x' })).toBe(0);
      expect(await things.update([{ id: 2 }, { tenantId: 'theirs' }], { stateOfIt: 'new' })).toBe(1);
      expect(await things.update({ id: 1 }, { stateOfIt: 'new', ...theirs })).toBe(1);
      expect(await things.delete({ id: 2 })).toBe(0);
    });
    expect(await everything()).toEqual(untouched);
  });

  it('matches nothing, not everything, when a condition has no value', async () => {
    const missing = { id: undefined as unknown as number };
    await expect(db.run(ours, (tx) => tx.of(Thing).findOne({ where: missing }))).rejects.toThrow();
    expect(await db.run(ours, (tx) => tx.of(Thing).update(missing, { stateOfIt: 'x' }))).toBe(0);
    expect(await db.run(ours, (tx) => tx.of(Thing).delete(missing))).toBe(0);
    expect(await everything()).toEqual(untouched);
  });

  it('rolls back everything when the work fails', async () => {
    const work = db.run(ours, async (tx) => {
      await tx.of(Thing).update({ id: 1 }, { stateOfIt: 'x' });
      throw new Error('no');
    });
    await expect(work).rejects.toThrow('no');
    expect(await everything()).toEqual(untouched);
  });

  it('refuses a statement that comes after its transaction, when the connection has no role any more', async () => {
    let goOn = (): void => undefined;
    const ended = new Promise<void>((resolve) => (goOn = resolve));
    let late: Promise<unknown> | undefined;
    const work = db.run(ours, (tx) => {
      const things = tx.of(Thing);
      late = ended.then(() => things.insert({ id: 5 }));
      return Promise.reject(new Error('no'));
    });
    await expect(work).rejects.toThrow('no');
    goOn();
    await expect(late).rejects.toThrow('after the work of its transaction');
    const over = await db.run(ours, async (tx) => tx);
    expect(() => over.manager).toThrow('after the work of its transaction');
    expect(await everything()).toEqual(untouched);
  });

  describe('afterCommit', () => {
    const countOurs = () => db.run(ours, (tx) => tx.of(Thing).count());

    it('calls its callbacks in order, once the rows are visible to others', async () => {
      const counts: Promise<number>[] = [];
      const order: string[] = [];
      await db.run(ours, async (tx) => {
        tx.afterCommit(() => void counts.push(countOurs()));
        tx.afterCommit(() => void order.push('first'));
        tx.afterCommit(() => void order.push('second'));
        await tx.of(Thing).insert({ id: 3 });
        expect([order, counts]).toEqual([[], []]);
      });
      expect(order).toEqual(['first', 'second']);
      expect(await Promise.all(counts)).toEqual([2]);
    });

    it('calls no callback after a rollback, whether the work or the commit failed', async () => {
      const called: string[] = [];
      const failing = db.run(ours, async (tx) => {
        tx.afterCommit(() => void called.push('work'));
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      await dataSource.query(DEFERRED_CHECK);
      const refused = db.run(ours, async (tx) => {
        await tx.of(Thing).insert({ id: 4, stateOfIt: 'refused' });
        tx.afterCommit(() => void called.push('commit'));
      });
      await expect(refused).rejects.toThrow('refused at the commit');
      expect(called).toEqual([]);
      expect(await everything()).toEqual(untouched);
    });

    it('logs each failing callback once, without affecting the work or the other callbacks', async () => {
      const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
      const called: string[] = [];
      const answer = await db.run(ours, async (tx) => {
        tx.afterCommit(() => {
          throw new Error('at once');
        });
        tx.afterCommit(() => Promise.reject(new Error('later')));
        tx.afterCommit(() => void called.push('the next'));
        return 'done';
      });
      expect([answer, called]).toEqual(['done', ['the next']]);
      await new Promise(setImmediate);
      const messages = logged.mock.calls.map(([message]) => String(message));
      logged.mockRestore();
      expect(messages).toEqual([expect.stringContaining('at once'), expect.stringContaining('later')]);
    });

    it('belongs to its own transaction, even a nested one, and ends with it', async () => {
      const order: string[] = [];
      const outer = db.run(ours, async (tx) => {
        tx.afterCommit(() => void order.push('outer'));
        await db.run(ours, async (inner) => inner.afterCommit(() => void order.push('inner')));
        expect(order).toEqual(['inner']);
        throw new Error('no');
      });
      await expect(outer).rejects.toThrow('no');
      expect(order).toEqual(['inner']);
      const over = await db.run(ours, async (tx) => tx);
      expect(() => over.afterCommit(() => undefined)).toThrow('after the work');
    });
  });
});
