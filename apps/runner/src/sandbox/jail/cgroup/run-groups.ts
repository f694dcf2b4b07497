import { mkdir, readdir, readFile, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/*
 * A control group (cgroup v2) for each run: a folder of the kernel's, below the one that find-run-groups.ts has found.
 *
 *     <base>/saas-codex-<run id>/    launch.sh enters before there is a jail, and nobody in the jail can leave
 *         memory.max, pids.max       held by the kernel, where the base has these controllers
 *         *.events, cpu.stat         what the run has run into, and what all of its processes took
 *         cgroup.kill                everybody at once, new ones too
 *
 * The kernel removes no group that has processes in it: so a sweep cannot hit a living run, whosever it is.
 */

const NAME = /^saas-codex-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MEGABYTE = 1024 * 1024;
/** Somebody who has just made a group enters it a moment later. */
const YOUNG_MS = 60_000;
/** Processes that are killed while they hold much memory take their time. */
const GONE_WITHIN_MS = 10_000;
const PAUSE_MS = 10;

/** Controllers by what they limit. */
export const CONTROLLERS = { memory: 'memory', processes: 'pids' } as const;
export type HeldLimit = keyof typeof CONTROLLERS;

export interface GroupLimits {
  memoryMb: number;
  /** With their threads. */
  processes: number;
}

/** What the kernel knows of a run; null: it does not hold this limit, or the run has no group. */
export interface GroupFacts {
  hasHit: Record<HeldLimit, boolean | null>;
  cpuSeconds: number | null;
}

export class RunGroups {
  /** @param held by the kernel */
  constructor(
    private readonly base: string,
    readonly held: HeldLimit[],
  ) {}

  /** @returns the folder whose cgroup.procs is to be written to */
  async create(runId: string, { memoryMb, processes }: GroupLimits): Promise<string> {
    const group = this.of(runId);
    await mkdir(group, { recursive: true });
    const set = (file: string, value: number) => writeFile(join(group, file), `${value}`);
    if (this.held.includes('processes')) await set('pids.max', processes);
    if (!this.held.includes('memory')) return group;
    await set('memory.max', memoryMb * MEGABYTE);
    // A run without the process that the kernel would choose is of no use.
    await set('memory.oom.group', 1);
    // Not there in a kernel without swap.
    await set('memory.swap.max', 0).catch(() => undefined);
    return group;
  }

  async factsOf(runId: string): Promise<GroupFacts> {
    const group = this.of(runId);
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

  /** @returns whether there was such a group */
  kill(runId: string): Promise<boolean> {
    return writeFile(join(this.of(runId), 'cgroup.kill'), '1').then(
      () => true,
      () => false,
    );
  }

  /** Ends whoever is in it, and resolves when nobody is. @returns false: somebody could not be ended */
  async remove(runId: string): Promise<boolean> {
    const deadline = Date.now() + GONE_WITHIN_MS;
    while (await this.kill(runId)) {
      if (await removed(this.of(runId))) return true;
      if (Date.now() > deadline) return false;
      await delay(PAUSE_MS);
    }
    return true;
  }

  /** Removes what killed runners have left. */
  async sweep(): Promise<void> {
    const groups = (await readdir(this.base)).filter((name) => NAME.test(name));
    await Promise.all(groups.map((name) => sweepGroup(join(this.base, name))));
  }

  private of(runId: string): string {
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

/** Of the line `name 123`; null when there is none. */
async function numberIn(path: string, name: string): Promise<number | null> {
  const text = await readFile(path, 'latin1').catch(() => '');
  const value = new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1];
  return value === undefined ? null : Number(value);
}
