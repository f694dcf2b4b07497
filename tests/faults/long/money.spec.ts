import { setTimeout as delay } from 'node:timers/promises';
import { MoneyRace, RACE } from '@saas-codex/testing/backend/money-race';
import { SessionsWorld } from '@saas-codex/testing/backend/sessions-world';
import { waitFor } from '@saas-codex/testing/wait-for';

/* Twenty runs on two runners race for money, again and again, while a runner is killed or Redis is. */

let world: SessionsWorld;
let race: MoneyRace;

beforeAll(async () => {
  world = await SessionsWorld.create(RACE.backend, RACE.runner);
  await Promise.all([world.startRunner(), world.startSecondRunner()]);
  race = new MoneyRace(world);
  await race.prepare();
});
afterAll(() => world.destroy());

const FAULTS = {
  nothing: async () => undefined,
  'a runner is killed': async () => {
    await world.endSecondRunner();
    await delay(1_000);
    await world.startSecondRunner();
  },
  'Redis is killed': () => world.restartRedis(),
  'a runner and Redis are killed': async () => {
    await Promise.all([world.endSecondRunner(), world.restartRedis()]);
    await world.startSecondRunner();
  },
};

describe.each(Object.entries(FAULTS))('while this happens: %s', (_name, fault) => {
  it.each([1, 2, 3, 4, 5])(
    'spend stays below the cap (%i)',
    async () => {
      const { cap, before, runs } = await race.start();
      await waitFor(() => world.model.requests.length > before.requests + 3, { timeoutMs: 60_000 });
      await fault();
      // The reservations of lost runs are counted a minute after these have ended.
      await race.settled(runs);
      const spent = await race.spent(cap, before);
      expect(spent.ledger).toBeGreaterThan(before.ledger);
      expect(spent.ledger).toBeLessThanOrEqual(cap);
      expect(spent.total).toBe(spent.ledger);
      expect(spent.billed).toBeLessThanOrEqual(cap);
      await race.raiseCap();
      for (const { run_id } of runs) await world.runIs(run_id, 'succeeded', 'failed', 'interrupted');
      await race.settled(runs);
    },
    400_000,
  );
});
