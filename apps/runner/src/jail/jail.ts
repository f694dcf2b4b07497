import type { SystemInfo } from '@saas-codex/contracts/system';
import type { Sandbox } from '../config.js';

/*
 * What stands between a run's processes and everything else: how Codex is started so that it reaches only what it
 * may, and how everything that it has started is ended.
 *
 *     Engine ──launch()──► environment and sandbox mode for Codex ──► Codex ──► agent commands ──► their children …
 *     Runs ────end()─────► nothing of it is left
 */

export interface Launch {
  /** Merged into Codex's environment, which has nothing else of the runner's. */
  environment: Record<string, string>;
  /** Codex configuration, each `key=<TOML value>`. */
  configOverrides: string[];
  sandboxMode: Sandbox;
}

export abstract class Jail {
  abstract readonly isolation: SystemInfo['isolation'];

  abstract launch(runId: string): Launch;

  /** Ends every process of the run and resolves when none is left; does nothing when there is none. */
  abstract end(runId: string): Promise<void>;
}
