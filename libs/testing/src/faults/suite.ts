import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { breaches } from './invariants.js';
import { FaultWorld, type WorldOptions } from './world.js';

/** Deadline for closing a run whose runner is lost. */
export const ORPHAN_MS = 30_000;

const RESULTS = resolve(import.meta.dirname, '../../../../test-results');

/**
 * A world for the cases of a describe block. Every case ends by checking that no invariant is broken. If a case fails,
 * the logs of the services are kept in test-results.
 */
export function faultSuite(sessions: number, options: WorldOptions = {}) {
  let world: FaultWorld | undefined;
  let passed = true;
  let found: string[] = [];
  const get = (): FaultWorld => {
    if (!world) throw new Error('the services did not start');
    return world;
  };
  beforeAll(async () => {
    world = await FaultWorld.start(sessions, options);
  });
  beforeEach(() => {
    passed = false;
    found = [];
  });
  afterEach(async () => {
    if (!passed && world) await keepLogs(found, world);
  });
  afterAll(() => world?.stop());
  return {
    get world() {
      return get();
    },
    /** The last step of every case: checks the invariants. @param seed of its history, for the message */
    async keepsItsPromises(seed?: number): Promise<void> {
      found = await breaches(get());
      expect({ seed, breaches: found }).toEqual({ seed, breaches: [] });
      passed = true;
    },
  };
}

async function keepLogs(found: string[], world: FaultWorld): Promise<void> {
  const { currentTestName = 'faults' } = expect.getState();
  await mkdir(RESULTS, { recursive: true });
  await writeFile(
    join(RESULTS, `${currentTestName.replaceAll(/[^\w]+/g, '-').slice(0, 100)}.log`),
    world.logs(),
  );
}
