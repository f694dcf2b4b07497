import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type {
  ConversationCut,
  CutConversation,
  PackCommits,
  PackedCommits,
  RestoreFiles,
} from '@saas-codex/contracts/runner-api';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { Conversations } from '../engine/port/conversations.js';
import { NO_COMMIT, TOO_LARGE, UpkeepScripts } from '../engine/script/upkeep-scripts.js';
import { codexEnvironment, prepareCodexHome } from '../threads/codex-home.js';
import { type Thread, ThreadStore } from '../threads/thread-store.js';
import { ExclusiveThreads } from './exclusive-threads.js';

/*
 * What the runner does to rewind, fork or ship a session: each step in a fresh jail of that session, without network, model and secrets.
 *
 *     backend ── cut the conversation ──► another conversation, not used yet
 *             ── restore the files ─────► the work tree of a checkpoint, from history.git
 *             ── set the conversation ──► thread.json names the other one
 *             ── pack the commits ──────► those of the agent's own repository
 *
 * The backend decides the order, and sees to it that no run starts meanwhile.
 */

@Injectable()
export class Rewind {
  constructor(
    private readonly threads: ThreadStore,
    private readonly exclusive: ExclusiveThreads,
    private readonly conversations: Conversations,
    private readonly scripts: UpkeepScripts,
  ) {}

  /** @throws ProblemError thread_not_found, turn_unknown */
  cutConversation(threadId: string, { without, fromThread }: CutConversation): Promise<ConversationCut> {
    return this.exclusive.takeThread(threadId, async () => {
      const thread = await this.threads.getThread(threadId);
      const source = fromThread === undefined ? thread : await this.threads.getThread(fromThread);
      if (source.tenantId !== thread.tenantId) throw new ProblemError('thread_not_found', 'It is gone.');
      const { codexThreadId: previous } = source;
      if (previous === null) return { conversation: null, previous };
      if (source !== thread) await this.copyConversations(source, thread);
      const cut = { conversation: previous, without, isForeign: source !== thread };
      const conversation = await this.conversations.cut({ runId: randomUUID(), paths: thread.paths }, cut);
      return { conversation, previous };
    });
  }

  /** @throws ProblemError thread_not_found */
  setConversation(threadId: string, conversation: string | null): Promise<void> {
    return this.exclusive.takeThread(threadId, async () =>
      this.threads.rememberCodexThread(await this.threads.getThread(threadId), conversation),
    );
  }

  /** @throws ProblemError thread_not_found, restore_failed */
  restoreFiles(threadId: string, restore: RestoreFiles): Promise<void> {
    return this.exclusive.takeThread(threadId, async () => {
      const { paths } = await this.threads.getThread(threadId);
      const upkeep = { runId: randomUUID(), paths };
      await this.runScript(this.scripts.restoreFiles(upkeep, restore));
    });
  }

  /** @throws ProblemError thread_not_found, agent_commits_refused */
  async packCommits(threadId: string, request: PackCommits): Promise<PackedCommits> {
    const { paths } = await this.threads.getThread(threadId);
    const { code, output } = await this.scripts.packCommits({ runId: randomUUID(), paths }, request);
    if (code === NO_COMMIT) return { pack: null };
    if (code === 0) return { pack: output.replace(/\s/g, '') };
    throw new ProblemError('agent_commits_refused', code === TOO_LARGE ? TOO_MUCH : UNREADABLE);
  }

  private async copyConversations(from: Thread, to: Thread): Promise<void> {
    const { codexHome } = to.paths;
    await prepareCodexHome(codexHome);
    // Refuses one that has become a link.
    await prepareCodexHome(from.paths.codexHome);
    const upkeep = {
      runId: randomUUID(),
      paths: to.paths,
      environment: { ...codexEnvironment(codexHome, null), SOURCE: from.paths.codexHome },
      writes: 'conversation',
      readable: [from.paths.codexHome],
    } as const;
    await this.runScript(this.scripts.run('copy-conversation.sh', upkeep));
  }

  private async runScript(script: Promise<number | null>): Promise<void> {
    if ((await script) !== 0) throw new ProblemError('restore_failed', RESTORE_FAILED);
  }
}

const RESTORE_FAILED =
  'Something in the work tree cannot be replaced, or the disk is full. Ask Codex to remove what is not needed, then try again.';

const TOO_MUCH = 'They hold more than 16 MB. Ship the changes as one commit.';
const UNREADABLE = 'The repository in the workspace cannot be read. Ship the changes as one commit.';
