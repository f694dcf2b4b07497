import type { RunInConversation } from '@saas-codex/contracts/runner-api';
import type { Upkeep } from '../../sandbox/jail/jail.js';

export interface ConversationToCut {
  /** Codex's id of the conversation. */
  conversation: string;
  /** Whose turns it is to end before: its latest runs, oldest first. */
  without: readonly RunInConversation[];
  /** It is that of another session, whose folder it names. */
  isForeign: boolean;
}

/** What the agent remembers of a session. */
export abstract class Conversations {
  /**
   * @returns Codex's id of the conversation without those turns, which is the same one if it has none of them. null: nothing
   *   would be left
   * @throws ProblemError turn_unknown
   */
  abstract cut(upkeep: Pick<Upkeep, 'runId' | 'paths'>, cut: ConversationToCut): Promise<string | null>;
}
