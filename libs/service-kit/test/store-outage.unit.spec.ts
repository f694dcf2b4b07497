import { toProblem } from '../src/problem.filter.js';
import { isStoreOutage, isUnreachable } from '../src/store-outage.js';

const coded = (code: string) => Object.assign(new Error('some reason'), { code });

it.each([
  ['nothing listens', coded('ECONNREFUSED'), true, true],
  ['ioredis has given up', new Error('Reached the max retries per request limit'), true, true],
  ['pg timed out', new Error('timeout exceeded when trying to connect'), true, true],
  ['Redis is full', new Error("OOM command not allowed when used memory > 'maxmemory'."), true, false],
  [
    'an older Redis is full within a script',
    new Error(
      'ERR Error running script (call to f_1): @user_script:9: @user_script: 9: -OOM command not allowed',
    ),
    true,
    false,
  ],
  ['Redis cannot write', new Error('MISCONF Errors writing to the AOF file'), true, false],
  ['Postgres is starting', coded('57P03'), true, false],
  ['a bug of ours', new Error('WRONGTYPE Operation against a key'), false, false],
  ['a row that exists already', coded('23505'), false, false],
])('classifies an error: %s', (_, error, isOutage, isSilence) => {
  expect([isStoreOutage(error), isUnreachable(error)]).toEqual([isOutage, isSilence]);
});

it('says that the event store is full, and that its operator must know', () => {
  const problem = toProblem(new Error("OOM command not allowed when used memory > 'maxmemory'."));
  expect(problem).toMatchObject({ code: 'store_unavailable', extra: { headers: { 'retry-after': '5' } } });
  expect(problem.detail).toMatch(/^The event store has no memory left.*tell your operator.*Idempotency-Key/);
});
