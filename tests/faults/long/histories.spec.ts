import { generate, play } from '@saas-codex/testing/faults/history';
import { seedOf } from '@saas-codex/testing/faults/seed';
import { faultSuite } from '@saas-codex/testing/faults/suite';

/** Size of each history; all histories together have 500 reconnects and 100 kills. */
const SIZE = { prompts: 8, cancels: 1, reconnects: 25, kills: 5, resets: 3 };
const HISTORIES_EACH = 10;

const first = seedOf();
const seeds = Array.from({ length: process.env.FAULT_SEED ? 1 : HISTORIES_EACH }, (_, n) => first + n);

describe.each([
  ['stay in Redis', '60'],
  ['are soon only in Postgres', '0.02'],
])('random histories, when logs %s', (_where, ttlMinutes) => {
  const suite = faultSuite(4, { settings: { RUN_LOG_TTL_MINUTES: ttlMinutes } });

  it.each(seeds)(
    'break no invariant (FAULT_SEED=%d)',
    async (seed) => {
      const done = await play(suite.world, generate(SIZE, seed));
      expect(done).toEqual({ kills: SIZE.kills, reconnects: SIZE.reconnects, resets: SIZE.resets });
      await suite.keepsItsPromises(seed);
    },
    400_000,
  );
});
