import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Injectable, Logger } from '@nestjs/common';
import { MAX_PACK_BYTES, type PackCommits, type RestoreFiles } from '@saas-codex/contracts/runner-api';
import { WORKSPACE } from '@saas-codex/contracts/workspace-layout';
import { Jail, type Upkeep } from '../../sandbox/jail/jail.js';
import { spawnScript } from './spawn-script.js';

/** The same relative path from `src` and from `dist`. */
const scriptText = (name: string) =>
  readFile(fileURLToPath(new URL(`../../../jail/${name}`, import.meta.url)), 'utf8');

/** Characters. */
const MAX_OUTPUT = 2_000;

/** Milliseconds for packing commits. */
const PACK_MS = 60_000;

/** How `restore.sh` says that a file that no checkpoint holds is in the way. */
export const OCCUPIED = 3;

/** How `pack-commits.sh` says that there is no such commit, and that there is too much. */
export const NO_COMMIT = 3;
export const TOO_LARGE = 4;

/** How a script has ended. `code` null: it was killed */
interface Ended {
  code: number | null;
  output: string;
}

/** Whose files are changed. */
type Restored = Pick<Upkeep, 'runId' | 'paths' | 'history'>;

/** Runs our own scripts on a session's files, each in a fresh jail without network, model and secrets. */
@Injectable()
export class UpkeepScripts {
  private readonly logger = new Logger(UpkeepScripts.name);

  constructor(private readonly jail: Jail) {}

  /**
   * Changes the work tree from one checkpoint to another.
   * @param history that has both. Left out: the one beside the repository
   * @param mayReplaceIgnored false: nothing is changed when an ignored file is where a new one is to be
   * @param signal ends it
   * @returns the exit code; null: it was killed
   */
  restoreFiles(
    { runId, paths, history = join(dirname(paths.repo), WORKSPACE.history) }: Restored,
    { from, to, head }: RestoreFiles,
    { mayReplaceIgnored = true, signal }: { mayReplaceIgnored?: boolean; signal?: AbortSignal } = {},
  ): Promise<number | null> {
    const upkeep: Upkeep = {
      runId,
      paths,
      history,
      environment: {
        FROM: from,
        TO: to,
        REPO: paths.repo,
        HISTORY: history,
        REF: head?.ref ?? '',
        COMMIT: head?.commit ?? '',
        SPARE_IGNORED: mayReplaceIgnored ? '' : '1',
      },
      writes: 'repo',
      readable: [join(history, 'objects')],
    };
    return this.run('restore.sh', upkeep, signal);
  }

  /** Packs commits of the agent's own repository. @returns as output, the pack in base64 */
  packCommits({ runId, paths }: Restored, { head, without }: PackCommits): Promise<Ended> {
    const environment = {
      HEAD: head,
      WITHOUT: without.join(' '),
      REPO: paths.repo,
      MAX_BYTES: `${MAX_PACK_BYTES}`,
    };
    const upkeep: Upkeep = { runId, paths, environment, writes: 'repo', readable: [] };
    return this.read('pack-commits.sh', upkeep, MAX_PACK_BYTES * 2, AbortSignal.timeout(PACK_MS));
  }

  /** @param signal ends it @returns the exit code; null: it was killed */
  async run(name: string, upkeep: Upkeep, signal?: AbortSignal): Promise<number | null> {
    return (await this.read(name, upkeep, MAX_OUTPUT, signal)).code;
  }

  /** @param maxOutput characters that are kept of the end of what it prints */
  private async read(name: string, upkeep: Upkeep, maxOutput: number, signal?: AbortSignal): Promise<Ended> {
    try {
      const launch = await this.jail.launchUpkeepScript(upkeep, await scriptText(name));
      signal?.throwIfAborted();
      const child = await spawnScript(launch, () => void this.jail.endRun(upkeep.runId));
      signal?.addEventListener('abort', child.kill, { once: true });
      if (signal?.aborted) child.kill();
      let output = '';
      for await (const text of child.output) output = (output + text).slice(-maxOutput);
      const code = await child.exited;
      signal?.removeEventListener('abort', child.kill);
      if (code !== 0)
        this.logger.error(`${name} exited with code ${code}: ${output.slice(-MAX_OUTPUT)}${child.stderr()}`);
      return { code, output };
    } finally {
      await this.jail.endRun(upkeep.runId);
    }
  }
}
