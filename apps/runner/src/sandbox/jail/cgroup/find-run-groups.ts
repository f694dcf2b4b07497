import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { CONTROLLERS, type HeldLimit, RunGroups } from './run-groups.js';

/*
 * Finds where this runner may create groups for its runs, once at its start. systemd delegates a unit's group (Delegate=) and
 * puts the unit's own processes in a group below it (DelegateSubgroup=), since the kernel distributes memory and processes
 * among groups only where the parent has no processes:
 *
 *     /system.slice/saas-codex.service/      delegated: the base
 *         platform/                          this runner and the unit's other processes
 *         saas-codex-<run id>/ …             its runs, within the limits of the unit as a whole
 *
 * Other groups are not used, even where root could write to them: something else manages them. The exception is the root group:
 * processes are there only when nothing manages groups. Creating and entering a trial group shows whether a base works.
 */

const UNIT = /\.(service|scope)$/;
/** For a shell. */
const TRIAL = { memoryMb: 64, processes: 8 };
const NO_CONTROLLER = 'its control groups have no controller of memory or processes';

/** `problem`: why the kernel enforces none of the limits, without a full stop. Runs may have groups nevertheless. */
export type FoundGroups =
  { groups: RunGroups; problem: null } | { groups: RunGroups | null; problem: string };

export async function findRunGroups(): Promise<FoundGroups> {
  const { base, problem } = findBase(await read('/proc/self/cgroup'), await read('/proc/self/mountinfo'));
  if (base === null) return { groups: null, problem };
  const trial = randomUUID();
  const plain = new RunGroups(base, []);
  try {
    for (const controller of Object.values(CONTROLLERS)) {
      // Fails where there is no such controller, or a process in the base.
      await writeFile(join(base, 'cgroup.subtree_control'), `+${controller}`).catch(() => undefined);
    }
    const held = await heldIn(await plain.createGroup(trial, TRIAL));
    const groups = new RunGroups(base, held);
    const group = await groups.createGroup(trial, TRIAL);
    await promisify(execFile)('/bin/sh', ['-c', 'echo 0 >"$0/cgroup.procs"', group]);
    await groups.sweep();
    return held.length > 0 ? { groups, problem: null } : { groups, problem: NO_CONTROLLER };
  } catch (error) {
    return { groups: null, problem: `groups cannot be created in ${base} (${reasonOf(error)})` };
  } finally {
    await plain.removeGroup(trial);
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
  // A unit's own group below another unit's group is not a subgroup created for this runner.
  const isSubgroup = UNIT.test(given) && !UNIT.test(own);
  if ((own !== '/' && !isSubgroup) || below.startsWith('..'))
    return { base: null, problem: 'no control group was delegated to it (Delegate= of systemd)' };
  return { base: join(mountPoint, below), problem: null };
}

/** @throws Error where a group cannot be killed as a whole */
async function heldIn(group: string): Promise<HeldLimit[]> {
  const files = await readdir(group);
  if (!files.includes('cgroup.kill')) throw new Error('Linux 5.14 or later is needed');
  const limits = Object.keys(CONTROLLERS) as HeldLimit[];
  return limits.filter((limit) => files.includes(`${CONTROLLERS[limit]}.max`));
}

const read = (path: string) => readFile(path, 'utf8').catch(() => '');

/** The system's error code, or the shell's message. */
function reasonOf(error: unknown): string {
  const { code, stderr, message } = error as { code?: unknown; stderr?: string; message: string };
  return typeof code === 'string' ? code : (stderr?.trim() || message).slice(0, 200);
}
