import {
  belowCeilings,
  ceilingPassed,
  describeLimit,
  type Limits,
  NO_LIMITS,
  readLimits,
} from '@saas-codex/contracts/limits';
import { placesOf, reachedPercentage } from '../src/usage/caps.js';
import { amountAtMost, amountOf } from '../src/usage/cost.js';
import { toCsv } from '../src/usage/spent-report.js';

const PRICE = { input: 2_500_000, cached_input: 100_000, output: 10_000_000 };

describe('what a call costs', () => {
  it('is exact and rounded up, also where tokens times the price are more than a number holds', () => {
    const usage = {
      input_tokens: 1_001,
      cached_input_tokens: 1_000,
      output_tokens: 1,
      reasoning_output_tokens: 0,
    };
    expect(amountOf(usage, PRICE)).toEqual({ tokens: 1_002, micro_usd: 113 });
    const much = { ...usage, input_tokens: 999_999_999, cached_input_tokens: 0 };
    expect(amountOf(much, { ...PRICE, input: 9_999_999_999 }).micro_usd).toBe(9_999_999_989_011);
  });

  it('is never more than what was reserved for it', () => {
    const usage = {
      input_tokens: 900,
      cached_input_tokens: 5_000,
      output_tokens: 500,
      reasoning_output_tokens: 500,
    };
    expect(amountOf(usage, PRICE).micro_usd).toBeLessThan(amountAtMost(900, 500, PRICE).micro_usd);
    expect(amountOf(usage, null)).toEqual({ tokens: 1_400, micro_usd: 0 });
  });
});

describe('limits in a setting', () => {
  it('are read with US dollars as micro-dollars', () => {
    const limits = readLimits(['tenant.usd_per_month=500', 'run.usd=0.1', 'person.queued_runs=3']);
    expect(limits).toEqual({
      ...NO_LIMITS,
      run: { micro_usd: 100_000, tokens: null },
      person: { ...NO_LIMITS.person, queued_runs: 3 },
      tenant: { ...NO_LIMITS.tenant, micro_usd_per_month: 500_000_000 },
    });
  });

  it.each([
    'run.usd',
    'run.usd_per_day=1',
    'nobody.tokens=1',
    'run.tokens=-1',
    'run.tokens=1.5',
    'toString.usd=1',
  ])('are not %s', (entry) => expect(readLimits([entry])).toBeNull());

  it('are described to people', () => {
    const cap = { scope: 'person', unit: 'micro_usd', period: 'day', cap: 5_500_000 } as const;
    expect(describeLimit(cap)).toBe('the limit of $5.50 a day for one person');
    expect(describeLimit({ ...cap, scope: 'run', unit: 'tokens', period: 'run', cap: 1e6 })).toBe(
      'the limit of 1,000,000 tokens for one run',
    );
  });
});

describe('ceilings of the operator', () => {
  const limitsOf = (...entries: string[]) => readLimits(entries) as Limits;

  it('are in force where an organisation has no limit, or a higher one', () => {
    const own = limitsOf('tenant.usd_per_month=900', 'person.tokens_per_day=5', 'run.usd=1');
    const ceilings = limitsOf('tenant.usd_per_month=500', 'person.tokens_per_day=9', 'session.queued_runs=2');
    expect(belowCeilings(own, ceilings)).toEqual(
      limitsOf('tenant.usd_per_month=500', 'person.tokens_per_day=5', 'run.usd=1', 'session.queued_runs=2'),
    );
    expect(belowCeilings(own, NO_LIMITS)).toEqual(own);
  });

  it('are named when a change would pass one', () => {
    const ceilings = limitsOf('tenant.usd_per_month=500', 'run.tokens=1000', 'person.concurrent_runs=0');
    const passed = (change: Parameters<typeof ceilingPassed>[0]) => ceilingPassed(change, ceilings);
    expect(passed({ tenant: { micro_usd_per_month: 500_000_001 } })).toBe(
      '$500.00 a month for the organisation',
    );
    expect(passed({ run: { tokens: 1_001 } })).toBe('1,000 tokens for one run');
    expect(passed({ person: { concurrent_runs: 1 } })).toBe('0 runs at the same time for one person');
    expect(passed({ tenant: { micro_usd_per_month: 500_000_000, tokens_per_day: 9 } })).toBeNull();
    expect(passed({ tenant: { micro_usd_per_month: null }, run: { tokens: 0 } })).toBeNull();
  });
});

it('counts a call at its run, and in the day and month of its session, person and tenant', () => {
  const spender = { runId: 'r', sessionId: 's', person: 'p', tenantId: 't' };
  expect(placesOf(spender, '2026-11-29').map(({ scope, period }) => `${scope} ${period}`)).toEqual([
    'run run',
    'session 2026-11-29',
    'session 2026-11',
    'person 2026-11-29',
    'person 2026-11',
    'tenant 2026-11-29',
    'tenant 2026-11',
  ]);
});

it('tells of 80, 90 and 100 percent', () => {
  expect([79, 80, 90, 99, 100, 150].map((used) => reachedPercentage(used, 100))).toEqual([
    0, 80, 90, 90, 100, 100,
  ]);
});

it('writes CSV that no spreadsheet runs', () => {
  const spent = {
    calls: 1,
    input_tokens: 2,
    cached_input_tokens: 0,
    output_tokens: 3,
    reasoning_output_tokens: 0,
    tokens: 5,
    micro_usd: 7,
  };
  const csv = toCsv([{ day: '2026-11-29', user_id: '=1+1', repo_url: null, model: 'a,"b"', ...spent }]);
  expect(csv.split('\r\n')).toEqual([
    'day,user_id,repo_url,model,calls,input_tokens,cached_input_tokens,output_tokens,reasoning_output_tokens,tokens,micro_usd',
    `2026-11-29,'=1+1,,"a,""b""",1,2,0,3,0,5,7`,
    '',
  ]);
});
