import { readFile } from 'node:fs/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { CreateThread } from '@saas-codex/contracts/runner-api';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { z } from 'zod';
import { CONFIG, type Config } from '../config.js';
import { createFile, replaceFile } from './atomic-file.js';
import { prepareCodexHome } from './codex-home.js';
import { type ThreadPaths, workspaceAt, workspaceOf } from './workspace-path.js';

/*
 * A thread is a file in its session's workspace, so any runner with access to the workspaces can continue it:
 *
 *     WORKSPACES_ROOT/<session id>/thread.json    the record below
 *                                  codex-home/    Codex's own memory of the conversation
 *                                  repo/          the repository it works on
 *
 * The thread's id is that of the session.
 */

const ThreadRecord = z.object({
  tenantId: z.string(),
  model: z.string().nullable(),
  /** Codex's own id of the conversation; null until the first turn has started. */
  codexThreadId: z.string().nullable(),
  skipGitRepoCheck: z.boolean(),
});
type ThreadRecord = z.infer<typeof ThreadRecord>;

export interface Thread extends ThreadRecord {
  threadId: string;
  paths: ThreadPaths;
}

@Injectable()
export class ThreadStore {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /**
   * Creates the thread of a workspace. A workspace has one thread, so the same call again changes nothing.
   * @returns the thread's id
   * @throws ProblemError invalid_request
   */
  async createThread(request: z.output<typeof CreateThread>): Promise<string> {
    const { workingDirectory, tenantId, model, skipGitRepoCheck } = request;
    const paths = await workspaceAt(this.config.WORKSPACES_ROOT, workingDirectory);
    await prepareCodexHome(paths.codexHome);
    const record: ThreadRecord = { tenantId, model: model ?? null, codexThreadId: null, skipGitRepoCheck };
    await createFile(paths.threadFile, JSON.stringify(record));
    return paths.sessionId;
  }

  /** @throws ProblemError thread_not_found */
  async getThread(threadId: string): Promise<Thread> {
    try {
      const paths = await workspaceOf(this.config.WORKSPACES_ROOT, threadId);
      const record = ThreadRecord.parse(JSON.parse(await readFile(paths.threadFile, 'utf8')));
      return { ...record, threadId, paths };
    } catch {
      throw new ProblemError('thread_not_found', 'Create the thread first with POST /threads.');
    }
  }

  /** Stores Codex's id of the conversation for the next turn. null: that turn starts a new one. */
  async rememberCodexThread(thread: Thread, codexThreadId: string | null): Promise<void> {
    if (thread.codexThreadId === codexThreadId) return;
    const record = ThreadRecord.parse({ ...thread, codexThreadId });
    await replaceFile(thread.paths.threadFile, JSON.stringify(record), { flush: true });
  }
}
