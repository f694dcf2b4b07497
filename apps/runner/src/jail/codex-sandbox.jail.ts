import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Sandbox } from '../config.js';
import { Jail, type Launch } from './jail.js';
import { isMarked, type ProcessEntry, readProcesses } from './process-table.js';

/*
 * Codex's own sandbox around each agent command, or none. Neither ends what a command left behind, so that a run's
 * processes carry its id in a variable, and the end of a run is a hunt:
 *
 *     marked: SAAS_CODEX_RUN=<id> in the environment, or on Codex's command line
 *     found:  the marked ones and all their descendants; killed, until a look finds nobody
 *
 * A variable is inherited across fork, setsid and a second fork. A process that was started with another environment
 * is found as long as its parent lives.
 */

const VARIABLE = 'SAAS_CODEX_RUN';
const PAUSE_MS = 20;
const GIVE_UP_MS = 10_000;

export class CodexSandboxJail extends Jail {
  private readonly logger = new Logger(CodexSandboxJail.name);

  constructor(private readonly sandbox: Sandbox) {
    super();
  }

  get isolation() {
    return this.sandbox === 'workspace-write' ? 'codex-sandbox' : 'none';
  }

  launch(runId: string): Launch {
    return {
      environment: { [VARIABLE]: runId },
      // For the commands; without quotes within, so that Codex's own command line has the marker too.
      configOverrides: [`shell_environment_policy.set={${VARIABLE}='${runId}'}`],
      sandboxMode: this.sandbox,
    };
  }

  async end(runId: string): Promise<void> {
    const deadline = Date.now() + GIVE_UP_MS;
    for (;;) {
      const found = await findProcesses(runId);
      if (found.length === 0) return;
      if (Date.now() > deadline) {
        this.logger.error(`${found.length} processes of run ${runId} cannot be ended: ${found.join(', ')}`);
        return;
      }
      for (const pid of found) kill(pid);
      await delay(PAUSE_MS);
    }
  }
}

async function findProcesses(runId: string): Promise<number[]> {
  const all = (await readProcesses()).filter(({ zombie, pid }) => !zombie && pid !== process.pid);
  const marks = await Promise.all(all.map(({ pid }) => isRunMarked(pid, runId)));
  const marked = all.filter((_, index) => marks[index]);
  return withDescendants(marked, all).map(({ pid }) => pid);
}

const isRunMarked = async (pid: number, runId: string): Promise<boolean> =>
  (await isMarked(pid, `${VARIABLE}=${runId}`)) || (await isMarked(pid, `${VARIABLE}='${runId}'`));

function withDescendants(roots: ProcessEntry[], all: ProcessEntry[]): ProcessEntry[] {
  const childrenOf = new Map<number, ProcessEntry[]>();
  for (const entry of all) childrenOf.set(entry.parent, [...(childrenOf.get(entry.parent) ?? []), entry]);
  const found = new Set(roots);
  // A set's iteration reaches what is added meanwhile.
  for (const entry of found) childrenOf.get(entry.pid)?.forEach((child) => found.add(child));
  return [...found];
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has gone meanwhile.
  }
}
