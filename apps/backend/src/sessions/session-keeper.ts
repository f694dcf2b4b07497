import { Injectable, Logger } from '@nestjs/common';
import { systemContext } from '../identity/request-context.js';
import { Keeper } from '../reconcile/keeper.js';
import { Provisioning } from './provisioning.js';
import { Removal } from './removal.js';
import { SessionLock } from '../database/session-lock.js';
import { type Outcome, SessionLoop, type SessionRef } from '../reconcile/session-loop.js';
import { RunsPort } from './runs-port.js';
import { SessionStore } from './session-store.js';

/** Sessions that are set up or removed at the same time; each holds a database connection for its lock. */
const CONCURRENCY = 4;

/** Sets up new sessions and removes deleted ones, in this process or whatever one is left. */
@Injectable()
export class SessionKeeper extends Keeper {
  protected readonly loop = new SessionLoop({
    name: 'session keeper',
    scan: () => this.sessions.toAttend(),
    attend: (ref, signal) => this.attend(ref, signal),
    concurrency: CONCURRENCY,
    logger: new Logger(SessionKeeper.name),
  });

  constructor(
    private readonly sessions: SessionStore,
    private readonly lock: SessionLock,
    private readonly provisioning: Provisioning,
    private readonly removal: Removal,
    private readonly runs: RunsPort,
  ) {
    super();
  }

  /** As `keep`, for a session that was deleted: its setting up is broken off. */
  remove(ref: SessionRef): Promise<void> {
    return this.loop.interrupt(ref);
  }

  private attend(ref: SessionRef, signal: AbortSignal): Promise<Outcome> {
    return this.lock.hold(ref.sessionId, signal, async (held) => {
      const ctx = systemContext(ref.tenantId);
      const session = await this.sessions.find(ctx, ref.sessionId);
      if (session?.deletedAt) return this.removal.remove(ctx, session);
      if (session?.status !== 'provisioning') return 'done';
      const outcome = await this.provisioning.provision(ctx, session, held);
      if (outcome === 'done') this.runs.kick(ref);
      return outcome;
    });
  }
}
