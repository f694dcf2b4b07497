import type { Network } from '@saas-codex/contracts/network';
import type { SystemInfo } from '@saas-codex/contracts/system';
import type { RunSocket } from '../listener/http-listener.js';
import type { ThreadPaths } from '../../threads/workspace-path.js';
import type { LimitPassed } from './limits/limits.js';

/*
 * Confines a run's processes: how Codex is started so that it reaches only what it may, and how everything that it has started
 * is ended.
 *
 *     Runs ────runSocket()────► where to serve this run's proxies
 *     Runs ────watchLimits()──► a call when the run exceeds a limit
 *     Engine ──launch()───────► program, environment and sandbox mode for Codex ──► agent commands ──► their children …
 *            ──launchScript()─► program, arguments and environment for a script ───► its commands ───► their children …
 *     Runs ────countCommands()► how many processes are at work
 *     Runs ────endRun()───────► nothing of it is left
 *
 * A jail has the id of its run. One that is prepared before its run exists has an id of its own, and its run takes it over:
 *
 *     Runs ────preparedJails.open(id) ─► launch() ─ … ─► preparedJails.handOver(id, run) ─► runSocket(), …, endRun() of the run
 */

export type Sandbox = 'workspace-write' | 'danger-full-access';

/** Marks a run's processes, for this runner and for people who inspect the machine. */
export const RUN_VARIABLE = 'SAAS_CODEX_RUN';

/** What a session allows its runs. */
export interface RunSettings {
  network: Network;
  trustRepository?: boolean | undefined;
  /** Whether its commands get secrets. */
  hasSecrets: boolean;
}

export interface JailedTurn {
  runId: string;
  paths: ThreadPaths;
  /** The environment of Codex. */
  environment: Record<string, string>;
  /** What its commands may reach. */
  network: Network;
  /** PEM of the certificate authorities beyond the system's that the commands must trust; null: none. */
  authorities: string | null;
  /** Whether Codex starts programs that the repository names. */
  trustRepository?: boolean;
  /** Files of the prompt's images. */
  images?: readonly string[];
  /** Environment variables for commands that never appear on a command line. */
  secrets: Readonly<Record<string, string>>;
}

export interface Launch {
  /** Started in place of Codex, with Codex's arguments. */
  program: string;
  /** The program's whole environment. */
  environment: Record<string, string>;
  /** Variables that commands need in addition to those of Codex. */
  commandEnvironment: Record<string, string>;
  /** Where Codex finds the images, in the same order. It can read and not change them. */
  images: readonly string[];
  /** Codex configuration, each `key=<TOML value>`. */
  configOverrides: string[];
  sandboxMode: Sandbox;
}

/** How a script is started under the same conditions as the agent's commands. */
export interface ScriptLaunch {
  program: string;
  args: string[];
  /** Of the program. The script itself runs in the repository. */
  cwd: string;
  /** The program's whole environment. */
  environment: Record<string, string>;
}

/** Jails for runs that do not exist yet. */
export interface PreparedJails {
  /** Makes the socket of a jail, which closes every connection until a run has taken over the jail. */
  open(jailId: string): Promise<void>;
  /** From now on, the jail is that of the run. */
  handOver(jailId: string, runId: string): void;
}

/**
 * Work on a session between its runs, by programs of ours. It has no network, no model, no secrets, and nothing of it stays
 * but what it writes to the repository or to Codex's memory.
 */
export interface Upkeep {
  /** Names it, as that of a run does. */
  runId: string;
  paths: ThreadPaths;
  environment: Record<string, string>;
  /** What it may change. */
  writes: 'repo' | 'conversation';
  /** Folders of ours, by their own paths, which it can read. */
  readable: readonly string[];
  /** The history.git whose objects are among these. Left out: that beside the repository. */
  history?: string;
}

export type UpkeepLaunch = Pick<Launch, 'program' | 'environment' | 'sandboxMode'>;

export abstract class Jail {
  abstract readonly isolation: SystemInfo['isolation'];
  /** A sentence: why this isolation was chosen. */
  abstract readonly reason: string;
  abstract readonly limits: SystemInfo['limits'];
  /** A sentence: what enforces the limits of runs, and why not the kernel. */
  abstract readonly limitsReason: string;
  /** null: nothing here could keep Codex from the network until its run begins. */
  abstract readonly preparedJails: PreparedJails | null;

  /** Where to serve this run's proxies; null: the model proxy is at the loopback address that all runs share. */
  abstract runSocket(runId: string): Promise<RunSocket | null>;

  /** Why a run with these settings is not possible here, and what to do; null: it is possible. */
  abstract problemWith(settings: RunSettings): string | null;

  abstract launch(turn: JailedTurn): Promise<Launch>;

  /** @param script for bash, which can read but not change it */
  abstract launchScript(turn: JailedTurn, script: string): Promise<ScriptLaunch>;

  /** Codex, for work on its own memory. */
  abstract launchUpkeep(upkeep: Upkeep): Promise<UpkeepLaunch>;

  /** @param script for bash */
  abstract launchUpkeepScript(upkeep: Upkeep, script: string): Promise<ScriptLaunch>;

  /** Enforces the limits of the run as a whole. @returns ends the watch */
  abstract watchLimits(runId: string, paths: ThreadPaths, onPassed: (limit: LimitPassed) => void): () => void;

  /** The limit that ended a program of the run. To be called before endRun(); `error` is what the engine threw. */
  abstract exceededLimit(runId: string, error: unknown): Promise<LimitPassed | null>;

  /** The number of processes that the run's commands have started and that are alive. */
  abstract countCommands(runId: string): Promise<number>;

  /** Ends every process of the run and resolves when none is left. What a further process of it needs stays. */
  abstract endProcesses(runId: string): Promise<void>;

  /** As `endProcesses`, and removes what the run's jail was built from. Does nothing when there is nothing. */
  abstract endRun(runId: string): Promise<void>;
}
