import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { WORKSPACE } from '@saas-codex/contracts/workspace-layout';
import { ProblemError } from '@saas-codex/service-kit/problem';

/** The parts of one session's workspace: absolute paths without symbolic links. */
export interface ThreadPaths {
  sessionId: string;
  repo: string;
  codexHome: string;
  threadFile: string;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * The workspace whose `repo` is `workingDirectory`. Only `<root>/<session id>/repo` is accepted, and nothing below the root may
 * be a symbolic link: an agent that could redirect its folder would decide what the next turn works on.
 * @throws ProblemError invalid_request
 */
export async function workspaceAt(root: string, workingDirectory: string): Promise<ThreadPaths> {
  const sessionId = basename(dirname(workingDirectory));
  if (!UUID.test(sessionId) || workingDirectory !== join(root, sessionId, WORKSPACE.repo)) throw outside();
  const folder = join(await realOrRefuse(root), sessionId);
  const repo = await realOrRefuse(workingDirectory);
  if (repo !== join(folder, WORKSPACE.repo) || !(await stat(repo)).isDirectory()) throw outside();
  return {
    sessionId,
    repo,
    codexHome: join(folder, WORKSPACE.codexHome),
    threadFile: join(folder, WORKSPACE.thread),
  };
}

/** The workspace of a session. @throws ProblemError invalid_request when it does not exist */
export const workspaceOf = (root: string, sessionId: string): Promise<ThreadPaths> =>
  workspaceAt(root, join(root, sessionId, WORKSPACE.repo));

async function realOrRefuse(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    throw outside();
  }
}

const outside = () =>
  new ProblemError(
    'invalid_request',
    'Send as workingDirectory the existing folder WORKSPACES_ROOT/<session id>/repo, without symbolic links.',
  );
