import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ReadinessChecks } from '@saas-codex/service-kit/health/readiness';
import { Redis } from 'ioredis';
import { CONFIG, type Config } from '../config.js';
import { BubblewrapJail } from '../sandbox/jail/bubblewrap.jail.js';
import { Jail } from '../sandbox/jail/jail.js';
import { probeJail } from '../sandbox/jail/probe-isolation.js';

/** Starting Codex in a jail is more expensive than asking Redis. */
const JAIL = { everyMs: 60_000, deadlineMs: 5_000 };

/** What a run needs: the queue and the log, its workspace, and a jail, which the machine may forbid at any time. */
export const readiness = {
  provide: ReadinessChecks,
  inject: [CONFIG, Redis, Jail],
  useFactory: (config: Config, redis: Redis, jail: Jail) =>
    new ReadinessChecks([
      { name: 'redis', check: () => redis.ping(), otherwise: 'Redis does not answer.' },
      {
        name: 'workspaces',
        check: () => writeIn(config.WORKSPACES_ROOT),
        otherwise: 'WORKSPACES_ROOT cannot be written.',
      },
      {
        name: 'jail',
        check: () => buildJail(jail, config),
        otherwise: 'The jail around agents can no longer be built. Restart the runner to see why.',
        ...JAIL,
      },
    ]),
};

/** Only a write detects a full or read-only disk. */
async function writeIn(folder: string): Promise<void> {
  const file = join(folder, `.ready-${randomUUID()}`);
  try {
    await writeFile(file, 'ready', { mode: 0o600, flag: 'wx' });
  } finally {
    await rm(file, { force: true });
  }
}

/** Codex's own sandbox was checked at the start, and needs nothing that could fail later. */
async function buildJail(jail: Jail, config: Config): Promise<void> {
  const problem = jail instanceof BubblewrapJail ? await probeJail(jail, config) : null;
  if (problem !== null) throw new Error(problem);
}
