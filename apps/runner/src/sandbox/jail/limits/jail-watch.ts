import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Config } from '../../../config.js';
import type { RunGroups } from '../cgroup/run-groups.js';
import { isRunMarked } from '../end-processes.js';
import { type ProcessEntry, readProcesses, withDescendants } from '../process-table.js';
import { diskUsage } from './disk-usage.js';
import { filesInMemory, MOST_FILES_IN_MEMORY } from './files-in-memory.js';
import { type Limit, type LimitPassed, limitPassed } from './limits.js';
import { type NamelessFiles, namelessFiles } from './nameless-files.js';
import { memoryOf, usageOf } from './process-usage.js';

/*
 * What the runs take as a whole. The kernel's own limits (resource-limits.ts) are for each process; where it holds the
 * whole run to some (cgroup/run-groups.ts), its word is taken. For everything else the runner looks:
 *
 *     every second      one look at the process table, for all runs: memory, processes, processor time
 *     now and then      files, run by run: the longer a count takes, the longer until the next
 *
 * A run is seen from its bwrap down, a child of this runner that is marked with the run's id. What descends from it
 * cannot leave: the jail's first process is the parent of whoever has lost his own.
 */

const MEGABYTE = 1024 * 1024;
const LOOK_EVERY_MS = 1_000;
const COUNT_EVERY_MS = 3_000;
/** Of the time, counting takes no more than one part in so many. */
const COUNT_SHARE = 20;
/** A tree that takes longer to count has more files than anybody needs. */
const COUNT_WITHIN_MS = 120_000;
const NO_FILES: NamelessFiles = { disk: 0, memory: 0 };

export interface WatchedRun {
  runId: string;
  /** Writable to the run. */
  folders: [repo: string, codexHome: string];
  /** What the platform itself records of them. */
  history: string;
  /** Called once. */
  onPassed: (limit: LimitPassed) => void;
}

interface Watching extends WatchedRun {
  /** Its bwrap, once it has been seen. */
  root: number | null;
  /** Of its processes at the last look. */
  lastCpuSeconds: number;
  /** In all. */
  cpuSeconds: number;
  stop: AbortController;
}

export class JailWatch {
  private readonly logger = new Logger(JailWatch.name);
  private readonly runs = new Set<Watching>();
  private looking = false;

  /** @param groups null: runs have none */
  constructor(
    private readonly bwrap: string,
    private readonly config: Config,
    private readonly groups: RunGroups | null,
  ) {}

  /** @returns ends the watch */
  start(run: WatchedRun): () => void {
    const watching = { ...run, root: null, lastCpuSeconds: 0, cpuSeconds: 0, stop: new AbortController() };
    this.runs.add(watching);
    void this.countFiles(watching);
    void this.look();
    return () => this.end(watching);
  }

  private end(run: Watching): void {
    this.runs.delete(run);
    run.stop.abort();
  }

  private pass(run: Watching, limit: Limit): void {
    if (run.stop.signal.aborted) return;
    this.end(run);
    run.onPassed(limitPassed(limit, this.config));
  }

  private async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    while (this.runs.size > 0) {
      // Not at once: a run that has just begun needs the processor for itself.
      await pause(LOOK_EVERY_MS);
      await this.lookOnce().catch((error: unknown) =>
        this.logger.warn(`runs are not seen: ${String(error)}`),
      );
    }
    this.looking = false;
  }

  private async lookOnce(): Promise<void> {
    const all = await readProcesses();
    const ours = all.filter(({ parent }) => parent === process.pid);
    await Promise.all(
      [...this.runs].map(async (run) => {
        const root = await rootOf(run, ours);
        run.root = root?.pid ?? null;
        if (root) await this.judge(run, withDescendants([root], all));
      }),
    );
  }

  private async judge(run: Watching, processes: ProcessEntry[]): Promise<void> {
    // Behind bwrap itself, whose only child it is.
    const [, first] = processes;
    const { tasks, cpuSeconds } = usageOf(processes);
    // Less than before: somebody has gone whom nobody waited for. What he took counts nevertheless.
    run.cpuSeconds += Math.max(0, cpuSeconds - run.lastCpuSeconds);
    run.lastCpuSeconds = cpuSeconds;
    const { JAIL_MAX_PROCESSES, JAIL_MAX_CPU_MINUTES, JAIL_MAX_MEMORY_MB } = this.config;
    const mostMemory = JAIL_MAX_MEMORY_MB * MEGABYTE;
    const kernel = await this.groups?.factsOf(run.runId);
    if (kernel?.hasHit.processes ?? tasks > JAIL_MAX_PROCESSES) this.pass(run, 'processes');
    else if ((kernel?.cpuSeconds ?? run.cpuSeconds) > JAIL_MAX_CPU_MINUTES * 60) this.pass(run, 'cpu');
    else if ((await filesInMemory(first?.pid ?? 0)) > MOST_FILES_IN_MEMORY) this.pass(run, 'files in memory');
    else if (kernel?.hasHit.memory ?? (await memoryOf(processes, mostMemory)) > mostMemory)
      this.pass(run, 'memory');
  }

  private async countFiles(run: Watching): Promise<void> {
    const { signal } = run.stop;
    while (!signal.aborted) {
      const startedAt = performance.now();
      await this.countOnce(run).catch((error: unknown) =>
        this.logger.warn(`files of run ${run.runId} are not counted: ${String(error)}`),
      );
      await pause(Math.max(COUNT_EVERY_MS, COUNT_SHARE * (performance.now() - startedAt)), signal);
    }
  }

  private async countOnce(run: Watching): Promise<void> {
    const deadline = AbortSignal.timeout(COUNT_WITHIN_MS);
    const folders = [...run.folders, run.history];
    const named = await diskUsage(this.bwrap, folders, AbortSignal.any([run.stop.signal, deadline]));
    const nameless = run.root === null ? NO_FILES : await this.namelessOf(run.root, run.folders[0]);
    if (nameless === null) return this.pass(run, 'open files');
    const { JAIL_MAX_DISK_MB, JAIL_MAX_FILES, JAIL_MAX_MEMORY_MB } = this.config;
    if (deadline.aborted || (named?.bytes ?? 0) + nameless.disk > JAIL_MAX_DISK_MB * MEGABYTE)
      this.pass(run, 'disk');
    else if ((named?.files ?? 0) > JAIL_MAX_FILES) this.pass(run, 'files');
    else if (nameless.memory > JAIL_MAX_MEMORY_MB * MEGABYTE) this.pass(run, 'memory');
  }

  private async namelessOf(root: number, folder: string): Promise<NamelessFiles | null> {
    const all = await readProcesses();
    const roots = all.filter(({ pid, parent }) => pid === root && parent === process.pid);
    return namelessFiles(withDescendants(roots, all), folder);
  }
}

async function rootOf(run: Watching, ours: ProcessEntry[]): Promise<ProcessEntry | undefined> {
  if (run.root !== null) return ours.find(({ pid }) => pid === run.root);
  const marks = await Promise.all(ours.map(({ pid }) => isRunMarked(pid, run.runId)));
  return ours.find((_, index) => marks[index]);
}

/** Keeps no process alive; the signal ends it early. */
const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  delay(ms, undefined, { ref: false, ...(signal && { signal }) }).catch(() => undefined);
