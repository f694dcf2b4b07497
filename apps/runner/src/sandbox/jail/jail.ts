import type { Network } from '@saas-codex/contracts/network';
import type { SystemInfo } from '@saas-codex/contracts/system';
import type { RunSocket } from '../listener/listen.js';
import type { WorkspacePaths } from '../../threads/workspace-path.js';
import type { LimitPassed } from './limits/limits.js';

/*
 * What stands between a run's processes and everything else: how Codex is started so that it reaches only what it
 * may, and how everything that it has started is ended.
 *
 *     Runs ────runSocket()────► where this run's ways out are to be served
 *     Runs ────watch()────────► is told when the run takes more than it may
 *     Engine ──launch()───────► program, environment and sandbox mode for Codex ──► agent commands ──► their children …
 *            ──launchScript()─► program, arguments and environment for a script ───► its commands ───► their children …
 *     Runs ────end()──────────► nothing of it is left
 */

export type Sandbox = 'workspace-write' | 'danger-full-access';

/** Marks a run's processes, towards this machine and towards people who look. */
export const RUN_VARIABLE = 'SAAS_CODEX_RUN';

export interface JailedTurn {
  runId: string;
  paths: WorkspacePaths;
  /** All that Codex needs of its surroundings. */
  environment: Record<string, string>;
  /** What its commands may reach. */
  network: Network;
  /** PEM of an authority that they have to trust for it; null: none. */
  authority: string | null;
}

export interface Launch {
  /** Started in place of Codex, with Codex's arguments; left out: Codex itself. */
  program?: string;
  /** The program's whole environment. */
  environment: Record<string, string>;
  /** Variables that commands need beside those of Codex. */
  commandEnvironment: Record<string, string>;
  /** Codex configuration, each `key=<TOML value>`. */
  configOverrides: string[];
  sandboxMode: Sandbox;
}

/** How a script is started where commands of agents run, with what they have. */
export interface ScriptLaunch {
  program: string;
  args: string[];
  /** Of the program; the script is in the repository. */
  cwd: string;
  /** The program's whole environment. */
  environment: Record<string, string>;
}

export abstract class Jail {
  abstract readonly isolation: SystemInfo['isolation'];
  /** Why it is this one, in a sentence. */
  abstract readonly reason: string;
  abstract readonly limits: SystemInfo['limits'];
  /** What holds runs to their limits, and why not the kernel, in a sentence. */
  abstract readonly limitsReason: string;

  /** Where the ways out of this run are to be served; null: the model is at the loopback address that all runs share. */
  abstract runSocket(runId: string): Promise<RunSocket | null>;

  /** Why this network cannot be had here, and what to do; null: it can. */
  abstract problemWith(network: Network): string | null;

  abstract launch(turn: JailedTurn): Promise<Launch>;

  /** @param script for bash; it can be read, but not be changed by those who run it */
  abstract launchScript(turn: JailedTurn, script: string): Promise<ScriptLaunch>;

  /** Looks at what the run takes as a whole. @returns ends the watch */
  abstract watch(runId: string, paths: WorkspacePaths, onPassed: (limit: LimitPassed) => void): () => void;

  /** The limit that ended a program of the run, to be asked before end(); `error` is what its engine threw. */
  abstract limitBehind(runId: string, error: unknown): Promise<LimitPassed | null>;

  /** Ends every process of the run and resolves when none is left; does nothing when there is none. */
  abstract end(runId: string): Promise<void>;
}
