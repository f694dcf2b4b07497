import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { WORKSPACE } from '@saas-codex/contracts/workspace-layout';
import type { ThreadPaths } from './workspace-path.js';

/*
 * Where checks and proposals run: a folder beside the session's repository, which is new for each of them and has nothing of any
 * agent.
 *
 *     <session id>/checks/<run id>/repo/        of a check: the checkout of one tree, without a .git. Else empty
 *                                  homes/       an empty HOME
 *                                  codex-home/  of a proposal: what Codex remembers until it has ended
 *
 * A session has one run at a time, so what is there at the start of another run was left by one that was killed.
 */

/** The folders of such a run, in the form of a session's. */
export const sidePaths = (session: ThreadPaths, runId: string): ThreadPaths => {
  const folder = join(dirname(session.repo), WORKSPACE.aside, runId);
  return {
    sessionId: session.sessionId,
    repo: join(folder, WORKSPACE.repo),
    codexHome: join(folder, WORKSPACE.codexHome),
    threadFile: join(folder, WORKSPACE.thread),
  };
};

/** Makes the folder of the next such run, empty, after those of all before. No process of these may be left. */
export async function makeSideWorkspace(session: ThreadPaths, paths: ThreadPaths): Promise<void> {
  await removeSideWorkspaces(session);
  await mkdir(paths.repo, { recursive: true, mode: 0o700 });
}

/** No process of such a run may be left. */
export async function removeSideWorkspaces(session: ThreadPaths): Promise<void> {
  const folder = join(dirname(session.repo), WORKSPACE.aside);
  try {
    await rm(folder, { recursive: true, force: true });
  } catch {
    // A check may have locked folders. chmod follows no link that it finds in one.
    await promisify(execFile)('chmod', ['-R', 'u+rwX', '--', folder]);
    await rm(folder, { recursive: true, force: true });
  }
}
