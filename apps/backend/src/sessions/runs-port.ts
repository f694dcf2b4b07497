import type { RunInConversation } from '@saas-codex/contracts/runner-api';
import type { TenantTransaction } from '../database/tenant-database.js';
import type { RequestContext } from '../identity/request-context.js';
import type { SessionEntity, SessionRef } from './session.entity.js';

/** What sessions need from runs. Runs are built on sessions, so `runs/` implements this port (`RunsPortAdapter`). */
export abstract class RunsPort {
  /**
   * For the transaction that archives the session and has locked its row.
   * @throws ProblemError session_busy when the runner has a run of the session
   */
  abstract refuseWhenBusy(tx: TenantTransaction, session: SessionEntity): Promise<void>;

  /** For the transaction that creates the session: queues its setup script, if any, ahead of every prompt. */
  abstract queueSetup(ctx: RequestContext, tx: TenantTransaction, session: SessionEntity): Promise<void>;

  /** For the transaction that removes the setup script and has locked the session's row: cancels the setup's runs. */
  abstract cancelSetup(ctx: RequestContext, tx: TenantTransaction, session: SessionEntity): Promise<void>;

  /** For the transaction that changes the session and has locked its row: lets prompts start that a stop has held. */
  abstract resumeQueue(tx: TenantTransaction, session: SessionEntity): Promise<void>;

  /**
   * The runs after this one, which Codex's conversation has too.
   * @returns null while a run of the session works
   */
  abstract turnsAfter(ctx: RequestContext, runId: string): Promise<RunInConversation[] | null>;

  /** The session has changed: reconciles its runs. */
  abstract kick(ref: SessionRef): void;

  /** Whether every run of the session has ended. */
  abstract haveEnded(ctx: RequestContext, sessionId: string): Promise<boolean>;

  /** Removes the session's runs and their logs. */
  abstract remove(ctx: RequestContext, sessionId: string): Promise<void>;
}
