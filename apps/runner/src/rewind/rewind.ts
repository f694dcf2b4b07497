import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Injectable, Logger } from '@nestjs/common';
import type { ConversationCut, CutConversation, RestoreFiles } from '@saas-codex/contracts/runner-api';
import { WORKSPACE } from '@saas-codex/contracts/workspace-layout';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { Conversations } from '../engine/port/conversations.js';
import { spawnScript } from '../engine/script/spawn-script.js';
import { Jail, type Upkeep } from '../sandbox/jail/jail.js';
import { codexEnvironment, prepareCodexHome } from '../threads/codex-home.js';
import { type Thread, ThreadStore } from '../threads/thread-store.js';
import { ExclusiveThreads } from './exclusive-threads.js';

/*
 * What the runner does to rewind or fork a session: each step in a fresh jail of that session, without network, model and secrets.
 *
 *     backend ── cut the conversation ──► another conversation, not used yet
 *             ── restore the files ─────► the work tree of a checkpoint, from history.git
 *             ── set the conversation ──► thread.json names the other one
 *
 * The backend decides the order, and sees to it that no run starts meanwhile.
 */

/** The same relative path from `src` and from `dist`. */
const script = (name: string) =>
  readFile(fileURLToPath(new URL(`../../jail/${name}`, import.meta.url)), 'utf8');

@Injectable()
export class Rewind {
  private readonly logger = new Logger(Rewind.name);

  constructor(
    private readonly threads: ThreadStore,
    private readonly exclusive: ExclusiveThreads,
    private readonly conversations: Conversations,
    private readonly jail: Jail,
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
  restoreFiles(threadId: string, { from, to, head }: RestoreFiles): Promise<void> {
    return this.exclusive.takeThread(threadId, async () => {
      const { paths } = await this.threads.getThread(threadId);
      const history = join(dirname(paths.repo), WORKSPACE.history);
      await this.runScript('restore.sh', {
        runId: randomUUID(),
        paths,
        environment: {
          FROM: from,
          TO: to,
          REPO: paths.repo,
          HISTORY: history,
          REF: head?.ref ?? '',
          COMMIT: head?.commit ?? '',
        },
        writes: 'repo',
        readable: [join(history, 'objects')],
      });
    });
  }

  private async copyConversations(from: Thread, to: Thread): Promise<void> {
    const { codexHome } = to.paths;
    await prepareCodexHome(codexHome);
    // Refuses one that has become a link.
    await prepareCodexHome(from.paths.codexHome);
    await this.runScript('copy-conversation.sh', {
      runId: randomUUID(),
      paths: to.paths,
      environment: { ...codexEnvironment(codexHome, null), SOURCE: from.paths.codexHome },
      writes: 'conversation',
      readable: [from.paths.codexHome],
    });
  }

  private async runScript(name: string, upkeep: Upkeep): Promise<void> {
    try {
      const launch = await this.jail.launchUpkeepScript(upkeep, await script(name));
      const child = await spawnScript(launch, () => void this.jail.endRun(upkeep.runId));
      let output = '';
      for await (const text of child.output) output = (output + text).slice(-MAX_OUTPUT);
      const code = await child.exited;
      if (code === 0) return;
      this.logger.error(`${name} exited with code ${code}: ${output}${child.stderr()}`);
      throw new ProblemError('restore_failed', RESTORE_FAILED);
    } finally {
      await this.jail.endRun(upkeep.runId);
    }
  }
}

/** Characters. */
const MAX_OUTPUT = 2_000;
const RESTORE_FAILED =
  'Something in the work tree cannot be replaced, or the disk is full. Ask Codex to remove what is not needed, then try again.';
