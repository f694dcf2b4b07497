import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { WORKSPACE } from '@saas-codex/contracts/workspace-layout';
import type { ThreadPaths } from './workspace-path.js';

/*
 * Where checks run: a folder beside the session's repository, which is new for each check and has nothing of any agent.
 *
 *     <session id>/checks/<run id>/repo/        the checkout of one tree, without a .git
 *                                  homes/       an empty HOME
 *
 * A session has one run at a time, so what is there at the start of another run was left by one that was killed.
 */

/** The folders of a run of checks, in the form of a session's. */
export const checkPaths = (session: ThreadPaths, runId: string): ThreadPaths => {
  const folder = join(dirname(session.repo), WORKSPACE.checks, runId);
  return {
    sessionId: session.sessionId,
    repo: join(folder, WORKSPACE.repo),
    codexHome: join(folder, WORKSPACE.codexHome),
    threadFile: join(folder, WORKSPACE.thread),
  };
};

/** Makes the folder of the next check, empty, after those of every check before. No process of these may be left. */
export async function makeCheckWorkspace(session: ThreadPaths, paths: ThreadPaths): Promise<void> {
  await removeCheckWorkspaces(session);
  await mkdir(paths.repo, { recursive: true, mode: 0o700 });
}

/** No process of a check may be left. */
export async function removeCheckWorkspaces(session: ThreadPaths): Promise<void> {
  const folder = join(dirname(session.repo), WORKSPACE.checks);
  try {
    await rm(folder, { recursive: true, force: true });
  } catch {
    // A check may have locked folders. chmod follows no link that it finds in one.
    await promisify(execFile)('chmod', ['-R', 'u+rwX', '--', folder]);
    await rm(folder, { recursive: true, force: true });
  }
}
