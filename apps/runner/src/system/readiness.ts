import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ReadinessChecks } from '@saas-codex/service-kit/readiness/readiness';
import { Redis } from 'ioredis';
import { CONFIG, type Config } from '../config.js';
import { BubblewrapJail } from '../sandbox/jail/bubblewrap.jail.js';
import { Jail } from '../sandbox/jail/jail.js';
import { probeJail } from '../sandbox/jail/probe-isolation.js';

/** Starting Codex in a jail costs more than a question to Redis. */
const JAIL = { everyMs: 60_000, deadlineMs: 5_000 };

/** What a run needs: the queue and the log, its workspace, and a jail, which the machine's settings may forbid later. */
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
        otherwise:
          'The jail around agents cannot be built any more; the runner tells why when it is started again.',
        ...JAIL,
      },
    ]),
};

/** A full disk and one that is mounted read-only show only in a write. */
async function writeIn(folder: string): Promise<void> {
  const file = join(folder, `.ready-${randomUUID()}`);
  try {
    await writeFile(file, 'ready', { mode: 0o600, flag: 'wx' });
  } finally {
    await rm(file, { force: true });
  }
}

/** Codex's own sandbox has proved at start what it can do, and there is nothing to keep of it. */
async function buildJail(jail: Jail, config: Config): Promise<void> {
  const problem = jail instanceof BubblewrapJail ? await probeJail(jail, config) : null;
  if (problem !== null) throw new Error(problem);
}
