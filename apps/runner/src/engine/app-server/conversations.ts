import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { RunInConversation } from '@saas-codex/contracts/runner-api';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { Jail } from '../../sandbox/jail/jail.js';
import { codexEnvironment, prepareCodexHome, projectTrust } from '../../threads/codex-home.js';
import { Conversations, type ConversationToCut } from '../port/conversations.js';
import { promptOfTurn } from '../port/turn-text.js';
import { AppServerClient, AppServerRefusal } from './app-server.client.js';
import { type Result, readItem } from './messages.js';

/*
 * What Codex remembers of a session, cut before some of its turns.
 *
 *     conversation  t1 t2 t3 t4 ── thread/fork, before t3 ──► another one: t1 t2
 *                   stays as it is
 *
 * `thread/revert` would do it in place. A fork leaves the old conversation whole, so taking one for the other is a single step
 * that can be taken back, and a crash before that step has changed nothing.
 *
 * Which turn belongs to which run, the conversation says itself: each turn's first message has the id of its run. Turns of
 * earlier versions and of the SDK have no such id; they are found by their prompts, from the end.
 */

const RUN_MESSAGE = 'run:';

/** The id of the message that begins the turn of a run. */
export const messageIdOf = (runId: string): string => `${RUN_MESSAGE}${runId}`;

/** The inverse of `messageIdOf`. null: the message does not begin a turn of a run. */
export const runOfMessage = (messageId: string): string | null =>
  messageId.startsWith(RUN_MESSAGE) ? messageId.slice(RUN_MESSAGE.length) : null;

type Turn = Result<'thread/turns/list'>['data'][number];

const TURNS_PER_PAGE = 100;

@Injectable()
export class AppServerConversations extends Conversations {
  constructor(private readonly jail: Jail) {
    super();
  }

  async cut(
    { runId, paths }: Parameters<Conversations['cut']>[0],
    cut: ConversationToCut,
  ): Promise<string | null> {
    await prepareCodexHome(paths.codexHome);
    const environment = codexEnvironment(paths.codexHome, null);
    const upkeep = { runId, paths, environment, writes: 'conversation' as const, readable: [] };
    const { sandboxMode, ...launch } = await this.jail.launchUpkeep(upkeep);
    const settings = [
      // Nothing is asked of a model.
      'model_providers.saas.base_url="http://127.0.0.1:9"',
      projectTrust(paths.repo, 'untrusted'),
      `sandbox_mode="${sandboxMode}"`,
    ];
    try {
      const client = await AppServerClient.start({ ...launch, settings });
      try {
        return await this.cutWith(client, paths.repo, cut);
      } finally {
        await client.close();
      }
    } finally {
      await this.jail.endRun(runId);
    }
  }

  private async cutWith(
    client: AppServerClient,
    repo: string,
    cut: ConversationToCut,
  ): Promise<string | null> {
    const { conversation: threadId, without, isForeign } = cut;
    try {
      await this.openAll(client, threadId);
      const latest = new LatestTurns(without);
      const hasOthers = await this.takeTurns(client, threadId, latest);
      const { first: beforeTurnId } = latest;
      if (beforeTurnId !== null && !hasOthers) return null;
      if (beforeTurnId === null && !isForeign) return threadId;
      // A conversation of another session has that session's folder.
      const asked = { threadId, beforeTurnId, excludeTurns: true, ...(isForeign && { cwd: repo }) };
      return (await client.request('thread/fork', asked)).thread.id;
    } catch (error) {
      throw error instanceof AppServerRefusal ? unknown(error.message) : error;
    }
  }

  /**
   * Codex lists the turns of a conversation only if it has indexed it, and those from which it was cut. The index is not kept for
   * ever, and a copied conversation has none. Opening a conversation indexes it.
   */
  private async openAll(client: AppServerClient, threadId: string): Promise<void> {
    const seen = new Set<string>();
    for (let next: string | null = threadId; next !== null && !seen.has(next);) {
      seen.add(next);
      const opened: Result<'thread/resume'> = await client.request('thread/resume', {
        threadId: next,
        excludeTurns: true,
      });
      next = opened.thread.forkedFromId ?? null;
    }
  }

  /** @returns whether it has turns of other runs, too */
  private async takeTurns(client: AppServerClient, threadId: string, latest: LatestTurns): Promise<boolean> {
    let cursor: string | null = null;
    do {
      const page: Result<'thread/turns/list'> = await this.listTurns(client, threadId, cursor);
      // A session has no conversation before its first turn.
      if (cursor === null && page.data.length === 0) throw unknown('it lists no turns');
      if (!page.data.every((turn) => latest.take(turn))) return true;
      cursor = page.nextCursor;
    } while (cursor !== null);
    return false;
  }

  private listTurns(client: AppServerClient, threadId: string, cursor: string | null) {
    const page = { limit: TURNS_PER_PAGE, sortDirection: 'desc', itemsView: 'summary', cursor } as const;
    return client.request('thread/turns/list', { threadId, ...page });
  }
}

/** Takes the turns from the end on, as long as they are those of the runs. */
export class LatestTurns {
  /** The first turn of the runs; null: none was taken. */
  first: string | null = null;
  private readonly rest: RunInConversation[];

  constructor(runs: readonly RunInConversation[]) {
    this.rest = [...runs];
  }

  /**
   * @returns false when the turn is that of another run: the conversation is to end with it
   * @throws ProblemError turn_unknown when that cannot be said
   */
  take(turn: Turn): boolean {
    const message = turn.items.find(({ type }) => type === 'userMessage');
    // Codex began it by itself, say to compact the conversation. It goes with what comes before it.
    if (!message) return true;
    const { clientId = null, content = [] } = readItem('userMessage', message) ?? {};
    const runId = clientId === null ? null : runOfMessage(clientId);
    const hash = createHash('sha256')
      .update(promptOfTurn(content.flatMap(({ text }) => text ?? []).join('')))
      .digest('hex');
    const index = this.rest.findLastIndex((run) =>
      runId === null ? run.promptHash === hash : run.runId === runId,
    );
    if (index >= 0) {
      this.rest.length = index;
      this.first = turn.id;
      return true;
    }
    if (runId === null && this.rest.length > 0) throw unknown('no id, and another prompt');
    return false;
  }
}

const unknown = (reason: string) =>
  new ProblemError(
    'turn_unknown',
    `An earlier version made it, or Codex no longer has it (${reason}). Choose a later run, or start a new session.`,
  );
