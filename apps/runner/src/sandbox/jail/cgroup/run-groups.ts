import { mkdir, readdir, readFile, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/*
 * A control group (cgroup v2) for each run: a folder of the kernel, below the one that find-run-groups.ts has found.
 *
 *     <base>/saas-codex-<run id>/    launch.sh enters it before the jail exists, and no process in the jail can leave it
 *         memory.max, pids.max       enforced by the kernel, where the base has these controllers
 *         *.events, cpu.stat         which limits the run has hit, and what all of its processes used
 *         cgroup.kill                kills all processes at once, new ones included
 *
 * The kernel removes no group with processes in it, so a sweep cannot hit a living run of any runner.
 */

const NAME = /^saas-codex-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MEGABYTE = 1024 * 1024;
/** A new group is entered a moment after it was created. */
const YOUNG_MS = 60_000;
/** Killed processes with much memory take a while to end. */
const REMOVE_TIMEOUT_MS = 10_000;
const PAUSE_MS = 10;

/** Controllers by what they limit. */
export const CONTROLLERS = { memory: 'memory', processes: 'pids' } as const;
export type HeldLimit = keyof typeof CONTROLLERS;

export interface GroupLimits {
  memoryMb: number;
  /** Including their threads. */
  processes: number;
}

/** What the kernel knows of a run; null: it does not enforce this limit, or the run has no group. */
export interface GroupFacts {
  hasHit: Record<HeldLimit, boolean | null>;
  cpuSeconds: number | null;
}

export class RunGroups {
  /** @param held the limits that the kernel enforces */
  constructor(
    private readonly base: string,
    readonly held: HeldLimit[],
  ) {}

  /** @returns the folder of the group; a process enters by writing to its cgroup.procs */
  async createGroup(runId: string, { memoryMb, processes }: GroupLimits): Promise<string> {
    const group = this.pathOf(runId);
    await mkdir(group, { recursive: true });
    const set = (file: string, value: number) => writeFile(join(group, file), `${value}`);
    if (this.held.includes('processes')) await set('pids.max', processes);
    if (!this.held.includes('memory')) return group;
    await set('memory.max', memoryMb * MEGABYTE);
    // A run is of no use without the process that the kernel would choose to kill.
    await set('memory.oom.group', 1);
    // Missing in a kernel without swap.
    await set('memory.swap.max', 0).catch(() => undefined);
    return group;
  }

  async factsOf(runId: string): Promise<GroupFacts> {
    const group = this.pathOf(runId);
    const [oom, refused, cpu] = await Promise.all([
      numberIn(join(group, 'memory.events'), 'oom'),
      numberIn(join(group, 'pids.events'), 'max'),
      numberIn(join(group, 'cpu.stat'), 'usage_usec'),
    ]);
    return {
      hasHit: { memory: oom === null ? null : oom > 0, processes: refused === null ? null : refused > 0 },
      cpuSeconds: cpu === null ? null : cpu / 1e6,
    };
  }

  /** @returns whether the group existed */
  killGroup(runId: string): Promise<boolean> {
    return writeFile(join(this.pathOf(runId), 'cgroup.kill'), '1').then(
      () => true,
      () => false,
    );
  }

  /** Kills the processes in the group and removes it. @returns false when some could not be ended */
  async removeGroup(runId: string): Promise<boolean> {
    const deadline = Date.now() + REMOVE_TIMEOUT_MS;
    while (await this.killGroup(runId)) {
      if (await removed(this.pathOf(runId))) return true;
      if (Date.now() > deadline) return false;
      await delay(PAUSE_MS);
    }
    return true;
  }

  /** Removes the groups that killed runners left. */
  async sweep(): Promise<void> {
    const groups = (await readdir(this.base)).filter((name) => NAME.test(name));
    await Promise.all(groups.map((name) => sweepGroup(join(this.base, name))));
  }

  private pathOf(runId: string): string {
    return join(this.base, `saas-codex-${runId}`);
  }
}

async function sweepGroup(group: string): Promise<void> {
  const found = await stat(group).catch(() => null);
  if (found && Date.now() - found.mtimeMs > YOUNG_MS) await removed(group);
}

const removed = (group: string): Promise<boolean> =>
  rmdir(group).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );

/** The number in the line `name 123`; null when there is none. */
async function numberIn(path: string, name: string): Promise<number | null> {
  const text = await readFile(path, 'latin1').catch(() => '');
  const value = new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1];
  return value === undefined ? null : Number(value);
}
