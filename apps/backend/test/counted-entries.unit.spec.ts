import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { CountedEntries } from '../src/audit/counted-entries.js';
import type { NewAuditEntry } from '../src/audit/audit-log.js';

let written: NewAuditEntry[];
let counted: CountedEntries;
beforeEach(() => {
  jest.useFakeTimers();
  written = [];
  counted = new CountedEntries({
    recordNow: (entry) => {
      written.push(entry);
      return Promise.resolve();
    },
  });
});
afterEach(() => {
  jest.useRealTimers();
});

const refused = (id: string, operation = 'removeMember'): NewAuditEntry => ({
  tenantId: 'ours',
  action: 'access.refused',
  problem: 'forbidden',
  actor: { kind: 'person', id },
  target: { kind: 'operation', id: operation },
});
const counts = () => written.map(({ actor, count = 1 }) => [actor.id, count]);

it('writes the first one at once, and the others of a minute as one', () => {
  for (let i = 0; i < 1_000; i += 1) counted.add(refused('a', i < 999 ? 'removeMember' : 'listAudit'));
  counted.add(refused('b'));
  expect(counts()).toEqual([
    ['a', 1],
    ['b', 1],
  ]);
  jest.advanceTimersByTime(60_000);
  expect(counts()).toEqual([
    ['a', 1],
    ['b', 1],
    ['a', 999],
  ]);
  expect(written.at(-1)?.target?.id).toBe('listAudit');
  jest.advanceTimersByTime(600_000);
  expect(written).toHaveLength(3);
});

it('begins anew after the minute', () => {
  counted.add(refused('a'));
  jest.advanceTimersByTime(60_000);
  counted.add(refused('a'));
  expect(counts()).toEqual([
    ['a', 1],
    ['a', 1],
  ]);
});

it('loses nothing when it has to forget one, and when the backend stops', async () => {
  counted.add(refused('first'));
  counted.add(refused('first'));
  for (let i = 0; i < 10_000; i += 1) counted.add(refused(`actor ${i}`));
  expect(counts()).toContainEqual(['first', 1]);
  expect(written).toHaveLength(10_002);
  counted.add(refused('actor 9999'));
  await counted.onModuleDestroy();
  expect(written).toHaveLength(10_003);
});
