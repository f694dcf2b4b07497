import { resolve } from 'node:path';
import { waitFor } from '@saas-codex/testing/wait-for';
import type { ServiceProcess } from '@saas-codex/testing/faults/service-process';
import { faultSuite } from '@saas-codex/testing/faults/suite';

const CLOCK = resolve(import.meta.dirname, '../../../libs/testing/src/faults/jumping-clock.mjs');

/**
 * The wall clock of one service jumps, as seen by the service itself: its Date is moved. The clocks of Redis,
 * PostgreSQL and the kernel, and so timeouts and expiry, stay: moving those would require a separate machine.
 */
describe('runs succeed while the clock', () => {
  const suite = faultSuite(1, { settings: { NODE_OPTIONS: `--import ${CLOCK}` } });

  it.each(['runners', 'backends'] as const)('of the %s jumps back and forth by an hour', async (name) => {
    const { world } = suite;
    for (let jump = 1; jump <= 3; jump++) {
      const watcher = await world.prompt(0, 'Talk');
      await watcher.until('item.delta');
      await Promise.all(world[name].map((service) => jumps(service, jump)));
      await watcher.ended();
      expect((await world.client.ended(watcher.runId)).status).toBe('succeeded');
    }
    await suite.keepsItsPromises();
  });
});

async function jumps(service: ServiceProcess, times: number): Promise<void> {
  process.kill(service.pid, 'SIGUSR2');
  const seen = () => service.log.split('the clock is').length - 1 === times;
  await waitFor(seen, { what: `the clock of ${service.name} to jump` });
}
