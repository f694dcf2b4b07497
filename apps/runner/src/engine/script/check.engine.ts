import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { checkItemId, type DeclaredCheck } from '@saas-codex/contracts/declared-checks';
import { WORKSPACE } from '@saas-codex/contracts/workspace-layout';
import { Jail } from '../../sandbox/jail/jail.js';
import { sidePaths, makeSideWorkspace, removeSideWorkspaces } from '../../threads/side-workspace.js';
import { codexEnvironment } from '../../threads/codex-home.js';
import { type CheckRun, Engine, type EngineEvent, type RunningTurn } from '../port/engine.js';
import { ONE_WAY, oneWayTurn } from '../port/one-way-turn.js';
import { scriptItem } from './script-item.js';
import { UpkeepScripts } from './upkeep-scripts.js';

const MINUTE = 60_000;
/** git knows it without having it. */
const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';
const NEEDS_JAIL =
  'Checks need a bubblewrap jail, which this runner does not have. Ask the operator for ISOLATION=bubblewrap.';
const NO_CHECKOUT =
  'The files that were to be checked could not be written out. Run the checks again; if that fails too, ask your operator.';

/** How a check ended. */
interface Ended {
  /** null: it was killed. */
  code: number | null;
  /** Its own time was over. */
  isLate: boolean;
  /** A sentence about the limit of the run that it has passed; null: none. */
  limit: string | null;
}

/**
 * Runs a repository's checks, one after the other, each in a fresh jail on a fresh checkout of one tree. All of them run, also
 * after one has failed. To readers of the log each is a command.
 *
 *     history.git/objects ──restore.sh──► checks/<run>/repo ──► bash -le <check> ─stdout and stderr──► item.started … completed
 *       (read-only, in a jail of its own)    and an empty HOME
 *
 * The exit code is what the kernel tells the runner about the jail's first process, so nothing that a check prints changes it.
 */
@Injectable()
export class CheckEngine extends Engine<CheckRun> {
  readonly capabilities = ONE_WAY;

  constructor(
    private readonly jail: Jail,
    private readonly scripts: UpkeepScripts,
  ) {
    super();
  }

  /** Why checks are not possible here, and what to do; null: they are. */
  get problem(): string | null {
    return this.jail.isolation === 'bubblewrap' ? null : NEEDS_JAIL;
  }

  startTurn(run: CheckRun): RunningTurn {
    return oneWayTurn('checks', (signal) => this.events(run, signal));
  }

  private async *events(run: CheckRun, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    const failures: string[] = [];
    try {
      for (const [index, check] of run.input.checks.entries()) {
        if (!(await this.checkOut(run, signal))) {
          yield { type: 'script.ended', data: { failure: NO_CHECKOUT } };
          return;
        }
        const ended = yield* this.check(run, index, check, signal);
        const failure = describeFailure(check, ended);
        if (failure !== null) failures.push(failure);
      }
      const failure = failures.length > 0 ? failures.join(' ') : null;
      yield { type: 'script.ended', data: { failure } };
    } finally {
      await this.jail.endProcesses(run.runId);
      await removeSideWorkspaces(run.thread.paths);
    }
  }

  private async *check(
    run: CheckRun,
    index: number,
    { run: command, timeout_minutes: minutes }: DeclaredCheck,
    signal: AbortSignal,
  ): AsyncGenerator<EngineEvent, Ended> {
    const { runId, network, authorities, secrets } = run;
    const paths = sidePaths(run.thread.paths, runId);
    const environment = codexEnvironment(paths.codexHome, null);
    const turn = { runId, paths, environment, network, authorities, secrets: secrets.environment };
    const script = command.replaceAll('\r\n', '\n');
    const launch = await this.jail.launchScript(turn, script);
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), minutes * MINUTE);
    const stop = AbortSignal.any([signal, deadline.signal]);
    stop.addEventListener('abort', () => void this.jail.endProcesses(runId), { once: true });
    let limit = Promise.resolve<string | null>(null);
    const onExit = (code: number | null) => {
      limit = this.limitOf(runId, code);
      // What the check has left behind ends with it, and so does its output.
      void limit.finally(() => this.jail.endProcesses(runId));
    };
    try {
      const item = { id: checkItemId(index), command: script, launch, signal: stop, onExit };
      const code = yield* scriptItem({ ...item, redactor: secrets.redactor });
      return { code, isLate: deadline.signal.aborted, limit: await limit };
    } finally {
      clearTimeout(timer);
      await this.jail.endProcesses(runId);
    }
  }

  private async limitOf(runId: string, code: number | null): Promise<string | null> {
    if (code === 0) return null;
    return (await this.jail.exceededLimit(runId, `The check exited with code ${code}`))?.sentence ?? null;
  }

  /** Makes a new checkout, in a jail in which nothing of a workspace runs. @returns false when git cannot */
  private async checkOut({ runId, input, thread }: CheckRun, signal: AbortSignal): Promise<boolean> {
    const paths = sidePaths(thread.paths, runId);
    const history = join(dirname(thread.paths.repo), WORKSPACE.history);
    await makeSideWorkspace(thread.paths, paths);
    const restore = { from: EMPTY_TREE, to: input.tree, head: null };
    const code = await this.scripts.restoreFiles({ runId: randomUUID(), paths, history }, restore, {
      signal,
    });
    signal.throwIfAborted();
    return code === 0;
  }
}

/** A sentence for a person; null: the check succeeded. */
function describeFailure(check: DeclaredCheck, { code, isLate, limit }: Ended): string | null {
  const { name, timeout_minutes: minutes } = check;
  if (isLate) return `“${name}” took longer than its ${minutes === 1 ? 'minute' : `${minutes} minutes`}.`;
  if (limit !== null) return `“${name}” failed: ${limit}`;
  if (code === 0) return null;
  return code === null ? `“${name}” was killed.` : `“${name}” failed with exit code ${code}.`;
}
