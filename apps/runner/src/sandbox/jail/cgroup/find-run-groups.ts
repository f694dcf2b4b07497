import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { CONTROLLERS, type HeldLimit, RunGroups } from './run-groups.js';

/*
 * Where this runner may make groups for its runs, which is decided once, at its start. systemd gives a unit's group away
 * (Delegate=), and has the unit's own processes in a group below it (DelegateSubgroup=), since the kernel shares memory
 * and processes out between groups only where no process is:
 *
 *     /system.slice/saas-codex.service/      given away: the base
 *         platform/                          this runner, and what else the unit consists of
 *         saas-codex-<run id>/ …             its runs, within what the unit as a whole may take
 *
 * And nowhere else: other groups are somebody's, though root could write there. But for the root of all groups: processes
 * are there only when nobody manages groups. Whether a base is of use shows when a group is made in it, and entered.
 */

const UNIT = /\.(service|scope)$/;
/** For a shell. */
const TRIAL = { memoryMb: 64, processes: 8 };
const NO_CONTROLLER = 'its control groups have no controller of memory or processes';

/** `problem`: why the kernel holds runs to none of their limits, without a full stop; runs may have groups nevertheless. */
export type FoundGroups =
  { groups: RunGroups; problem: null } | { groups: RunGroups | null; problem: string };

export async function findRunGroups(): Promise<FoundGroups> {
  const { base, problem } = findBase(await read('/proc/self/cgroup'), await read('/proc/self/mountinfo'));
  if (base === null) return { groups: null, problem };
  const trial = randomUUID();
  const plain = new RunGroups(base, []);
  try {
    for (const controller of Object.values(CONTROLLERS)) {
      // Refused where there is no such controller, or a process in the base.
      await writeFile(join(base, 'cgroup.subtree_control'), `+${controller}`).catch(() => undefined);
    }
    const held = await heldIn(await plain.create(trial, TRIAL));
    const groups = new RunGroups(base, held);
    const group = await groups.create(trial, TRIAL);
    await promisify(execFile)('/bin/sh', ['-c', 'echo 0 >"$0/cgroup.procs"', group]);
    await groups.sweep();
    return held.length > 0 ? { groups, problem: null } : { groups, problem: NO_CONTROLLER };
  } catch (error) {
    return { groups: null, problem: `groups cannot be made in ${base} (${reasonOf(error)})` };
  } finally {
    await plain.remove(trial);
  }
}

type Base = { base: string; problem: null } | { base: null; problem: string };

function findBase(ownGroups: string, mounts: string): Base {
  const own = /^0::(\/.*)$/m.exec(ownGroups)?.[1];
  // `… <root> <mount point> <options> … - cgroup2 …`
  const [, root, mountPoint] = /^\d+ \d+ \S+ (\S+) (\S+) .* - cgroup2 /m.exec(mounts) ?? [];
  if (own === undefined || root === undefined || mountPoint === undefined)
    return { base: null, problem: 'this machine has no cgroup v2' };
  const given = own === '/' ? own : dirname(own);
  const below = relative(root, given);
  // A unit's own group, below another unit's, is not a subgroup that was made for this runner.
  const isSubgroup = UNIT.test(given) && !UNIT.test(own);
  if ((own !== '/' && !isSubgroup) || below.startsWith('..'))
    return { base: null, problem: 'no control group was given to it (Delegate= of systemd)' };
  return { base: join(mountPoint, below), problem: null };
}

/** @throws Error where a group cannot be ended as a whole */
async function heldIn(group: string): Promise<HeldLimit[]> {
  const files = await readdir(group);
  if (!files.includes('cgroup.kill')) throw new Error('Linux 5.14 or later is needed');
  const limits = Object.keys(CONTROLLERS) as HeldLimit[];
  return limits.filter((limit) => files.includes(`${CONTROLLERS[limit]}.max`));
}

const read = (path: string) => readFile(path, 'utf8').catch(() => '');

/** The system's word, or the shell's own. */
function reasonOf(error: unknown): string {
  const { code, stderr, message } = error as { code?: unknown; stderr?: string; message: string };
  return typeof code === 'string' ? code : (stderr?.trim() || message).slice(0, 200);
}
