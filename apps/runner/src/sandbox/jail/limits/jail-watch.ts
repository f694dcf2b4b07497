import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Config } from '../../../config.js';
import type { RunGroups } from '../cgroup/run-groups.js';
import { isRunMarked } from '../end-processes.js';
import { type ProcessEntry, readProcesses, withDescendants } from '../process-table.js';
import { filesInMemory, folderUsage, type NamelessFiles, namelessFiles } from './file-usage.js';
import { type Limit, type LimitPassed, limitPassed, MAX_FILES_IN_MEMORY } from './limits.js';
import { memoryOf, processUsage } from './process-usage.js';
import { FRESH_CPU_SECONDS, goBehind } from './run-priority.js';

/*
 * Enforces the limits of each run as a whole. The kernel's own limits (limits.ts) are per process. Where control groups also
 * limit the whole run (cgroup/run-groups.ts), the kernel's figures are used. For everything else the runner polls:
 *
 *     every second      the process table, once for all runs: memory, processes, processor time, and who goes behind (run-priority.ts)
 *     now and then      files, run by run: the longer a count takes, the longer the pause until the next
 *
 * The processes of a run are its bwrap, a child of this runner that is marked with the run's id, and all its descendants.
 * None can leave: orphans become children of the jail's first process.
 */

const MEGABYTE = 1024 * 1024;
const PROCESS_POLL_MS = 1_000;
const FILE_POLL_MS = 3_000;
/** Counting takes at most one in so many parts of the time. */
const COUNT_SHARE = 20;
/** A tree that takes longer to count is over the limit. */
const COUNT_TIMEOUT_MS = 120_000;
const NO_FILES: NamelessFiles = { disk: 0, memory: 0 };

export interface WatchedRun {
  runId: string;
  /** Writable to the run; first the repository. */
  folders: [repo: string, ...others: string[]];
  /** The platform's own git repository of the session. */
  history: string;
  /** Called once. */
  onPassed: (limit: LimitPassed) => void;
}

interface Watching extends WatchedRun {
  /** Pid of its bwrap, once known. */
  root: number | null;
  /** At the last poll. */
  lastCpuSeconds: number;
  /** In total, including processes that have ended. */
  cpuSeconds: number;
  stop: AbortController;
}

export class JailWatch {
  private readonly logger = new Logger(JailWatch.name);
  private readonly runs = new Set<Watching>();
  private polling = false;

  /** @param groups null: runs have no control groups */
  constructor(
    private readonly bwrap: string,
    private readonly config: Config,
    private readonly groups: RunGroups | null,
  ) {}

  /** @returns ends the watch */
  watchRun(run: WatchedRun): () => void {
    const watching = { ...run, root: null, lastCpuSeconds: 0, cpuSeconds: 0, stop: new AbortController() };
    this.runs.add(watching);
    void this.pollFiles(watching);
    void this.pollProcesses();
    return () => this.end(watching);
  }

  private end(run: Watching): void {
    this.runs.delete(run);
    run.stop.abort();
  }

  private reportPassed(run: Watching, limit: Limit): void {
    if (run.stop.signal.aborted) return;
    this.end(run);
    run.onPassed(limitPassed(limit, this.config));
  }

  private async pollProcesses(): Promise<void> {
    if (this.polling) return;
    this.polling = true;
    while (this.runs.size > 0) {
      // Not immediately: a run that has just begun needs the processor for itself.
      await pause(PROCESS_POLL_MS);
      await this.checkProcesses().catch((error: unknown) =>
        this.logger.warn(`processes cannot be examined: ${String(error)}`),
      );
    }
    this.polling = false;
  }

  private async checkProcesses(): Promise<void> {
    const all = await readProcesses();
    const ours = all.filter(({ parent }) => parent === process.pid);
    await Promise.all(
      [...this.runs].map(async (run) => {
        const root = await rootOf(run, ours);
        run.root = root?.pid ?? null;
        if (root) await this.checkRun(run, withDescendants([root], all));
      }),
    );
  }

  private async checkRun(run: Watching, processes: ProcessEntry[]): Promise<void> {
    // The first process in the jail, the only child of bwrap.
    const [, first] = processes;
    const { tasks, cpuSeconds } = processUsage(processes);
    // Less than before means that a process has ended without being waited for. Its time still counts.
    run.cpuSeconds += Math.max(0, cpuSeconds - run.lastCpuSeconds);
    run.lastCpuSeconds = cpuSeconds;
    const { JAIL_MAX_PROCESSES, JAIL_MAX_CPU_MINUTES, JAIL_MAX_MEMORY_MB } = this.config;
    const maxMemory = JAIL_MAX_MEMORY_MB * MEGABYTE;
    const kernel = await this.groups?.factsOf(run.runId);
    const used = kernel?.cpuSeconds ?? run.cpuSeconds;
    if (used > FRESH_CPU_SECONDS) await goBehind(processes);
    if (kernel?.hasHit.processes ?? tasks > JAIL_MAX_PROCESSES) this.reportPassed(run, 'processes');
    else if (used > JAIL_MAX_CPU_MINUTES * 60) this.reportPassed(run, 'cpu');
    else if ((await filesInMemory(first?.pid ?? 0)) > MAX_FILES_IN_MEMORY)
      this.reportPassed(run, 'files in memory');
    else if (kernel?.hasHit.memory ?? (await memoryOf(processes, maxMemory)) > maxMemory)
      this.reportPassed(run, 'memory');
  }

  private async pollFiles(run: Watching): Promise<void> {
    const { signal } = run.stop;
    while (!signal.aborted) {
      const startedAt = performance.now();
      await this.checkFiles(run).catch((error: unknown) =>
        this.logger.warn(`files of run ${run.runId} cannot be counted: ${String(error)}`),
      );
      await pause(Math.max(FILE_POLL_MS, COUNT_SHARE * (performance.now() - startedAt)), signal);
    }
  }

  private async checkFiles(run: Watching): Promise<void> {
    const deadline = AbortSignal.timeout(COUNT_TIMEOUT_MS);
    const folders = [...run.folders, run.history];
    const named = await folderUsage(this.bwrap, folders, AbortSignal.any([run.stop.signal, deadline]));
    const nameless = run.root === null ? NO_FILES : await this.namelessOf(run.root, run.folders[0]);
    if (nameless === null) return this.reportPassed(run, 'open files');
    const { JAIL_MAX_DISK_MB, JAIL_MAX_FILES, JAIL_MAX_MEMORY_MB } = this.config;
    if (deadline.aborted || (named?.bytes ?? 0) + nameless.disk > JAIL_MAX_DISK_MB * MEGABYTE)
      this.reportPassed(run, 'disk');
    else if ((named?.files ?? 0) > JAIL_MAX_FILES) this.reportPassed(run, 'files');
    else if (nameless.memory > JAIL_MAX_MEMORY_MB * MEGABYTE) this.reportPassed(run, 'memory');
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

/** Does not keep this process alive. The signal ends the pause early. */
const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  delay(ms, undefined, { ref: false, ...(signal && { signal }) }).catch(() => undefined);
