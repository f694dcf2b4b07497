import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';
import { createDatabase } from '@saas-codex/testing/postgres';
import { SnakeCaseNaming } from '../src/database/snake-case-naming.js';
import { TenantDatabase } from '../src/database/tenant-database.js';
import { TenantRow } from '../src/database/tenant-row.js';

@Entity('things')
class Thing extends TenantRow {
  @PrimaryColumn('int')
  id: number;

  @Column({ type: 'text', default: 'new' })
  stateOfIt: string;
}

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
      entities: [Thing],
      namingStrategy: new SnakeCaseNaming(),
      synchronize: true,
    }).initialize();
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

  it('inserts for its tenant, whatever the row says, and answers with defaults', async () => {
    const row = { id: 3, tenantId: 'theirs' };
    expect(await db.run(ours, (tx) => tx.of(Thing).insert(row))).toEqual({
      id: 3,
      tenantId: 'ours',
      stateOfIt: 'new',
    });
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

  it('takes a condition without a value for none, never for "all"', async () => {
    const missing = { id: undefined as unknown as number };
    await expect(db.run(ours, (tx) => tx.of(Thing).findOne({ where: missing }))).rejects.toThrow();
    expect(await db.run(ours, (tx) => tx.of(Thing).update(missing, { stateOfIt: 'x' }))).toBe(0);
    expect(await db.run(ours, (tx) => tx.of(Thing).delete(missing))).toBe(0);
    expect(await everything()).toEqual(untouched);
  });

  it('undoes all of a piece of work that fails', async () => {
    const work = db.run(ours, async (tx) => {
      await tx.of(Thing).update({ id: 1 }, { stateOfIt: 'x' });
      throw new Error('no');
    });
    await expect(work).rejects.toThrow('no');
    expect(await everything()).toEqual(untouched);
  });
});
