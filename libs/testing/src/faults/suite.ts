import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { breaches } from './invariants.js';
import { FaultWorld, type WorldOptions } from './world.js';

/** How soon a run whose runner is lost has to be closed. */
export const ORPHAN_MS = 30_000;

const RESULTS = resolve(import.meta.dirname, '../../../../test-results');

/**
 * A world for the cases of a describe block, and what every one of them ends with: no promise is broken. Of a case that
 * fails stays what the services have written.
 */
export function faultSuite(sessions: number, options: WorldOptions = {}) {
  let world: FaultWorld | undefined;
  let passed = true;
  let found: string[] = [];
  const get = (): FaultWorld => {
    if (!world) throw new Error('the world did not start');
    return world;
  };
  beforeAll(async () => {
    world = await FaultWorld.start(sessions, options);
  }, 180_000);
  beforeEach(() => {
    passed = false;
    found = [];
  });
  afterEach(async () => {
    if (!passed && world) await keepLogs(found, world);
  });
  afterAll(() => world?.stop(), 90_000);
  return {
    get world() {
      return get();
    },
    /** The last step of every case. @param seed of its history, for the message */
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
