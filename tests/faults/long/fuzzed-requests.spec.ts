import { OperationsWorld } from '@saas-codex/testing/backend/operations-world';
import { seedOf } from '@saas-codex/testing/faults/seed';
import { CALLERS, Fuzzer } from '@saas-codex/testing/fuzz/fuzz';

/* Ten thousand odd requests by each kind of caller. FAULT_SEED sends the same ones again, but for the ids in them. */

const REQUESTS = 10_000;

let world: OperationsWorld;
let fuzzer: Fuzzer;
beforeAll(async () => {
  world = await OperationsWorld.start();
  fuzzer = await Fuzzer.create(world);
});
afterAll(async () => {
  fuzzer.close();
  await world.stop();
});

it.each(CALLERS)(
  'every answer to 10,000 odd requests is documented, and none that is refused changes anything: %s',
  async (caller) => {
    const seed = seedOf();
    const { statuses, breaches } = await fuzzer.run(caller, REQUESTS, seed);
    console.info(`${caller}, seed ${seed}: ${JSON.stringify(statuses)}`);
    expect({ seed, breaches }).toEqual({ seed, breaches: [] });
  },
  1_800_000,
);
