import type { TenantTransaction } from '../database/tenant-database.js';
import type { RequestContext } from '../identity/request-context.js';
import type { SessionEntity, SessionRef } from './session.entity.js';

/** What sessions need of their runs. Runs are built upon sessions, so they provide it (runs/). */
export abstract class SessionRuns {
  /**
   * For the transaction that archives the session, whose row is locked.
   * @throws ProblemError session_busy when the runner has a run of it
   */
  abstract refuseWhenBusy(tx: TenantTransaction, session: SessionEntity): Promise<void>;

  /**
   * For the transaction that makes the session: its setup script is to run, before any prompt.
   * @returns tells everybody about it, for when the transaction is committed
   */
  abstract queueSetup(
    ctx: RequestContext,
    tx: TenantTransaction,
    session: SessionEntity,
  ): Promise<() => void>;

  /** For the transaction that takes the setup script away, whose session's row is locked: ends its runs. */
  abstract cancelSetup(tx: TenantTransaction, session: SessionEntity): Promise<void>;

  /** The session has changed: reconciles its runs. */
  abstract kick(ref: SessionRef): void;

  /** Whether every run of the session has ended. */
  abstract haveEnded(ctx: RequestContext, sessionId: string): Promise<boolean>;

  /** Removes the session's runs and their logs. */
  abstract remove(ctx: RequestContext, sessionId: string): Promise<void>;
}
