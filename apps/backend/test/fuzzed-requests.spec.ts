import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { OperationsWorld } from '@saas-codex/testing/backend/operations-world';
import { CALLERS, Fuzzer } from '@saas-codex/testing/fuzz/fuzz';

/** The same requests each time. tests/faults/long sends 10,000 for each caller, from a seed of the day. */
const SEED = 1;
const REQUESTS = 200;

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
  'every answer to the odd requests of this caller is documented, and none that is refused changes anything: %s',
  async (caller) => {
    const { breaches } = await fuzzer.run(caller, REQUESTS, SEED);
    expect(breaches).toEqual([]);
  },
);
