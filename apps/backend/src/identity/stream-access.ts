import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Response } from 'express';
import { SystemDatabase } from '../database/system-database.js';
import { actorId, type Caller } from './actor.js';
import { PRINCIPAL, PRINCIPALS, type Principal } from './memberships.js';
import type { CallerContext } from './request-context.js';

/** So that a stream ends within 5 s after its access does, also when Postgres is slow. */
const CHECK_EVERY_MS = 2_000;

/** Principals by the credential that stands for them, of the keys and sign-ins that are valid now. */
const VALID = `
  SELECT k.id AS credential, ${PRINCIPAL} FROM api_keys k
    JOIN ${PRINCIPALS} ON m.principal_id = k.reference_id AND m.tenant_id = k.metadata::jsonb ->> 'tenantId'
   WHERE k.id = ANY($1) AND k.enabled AND (k.expires_at IS NULL OR k.expires_at > now())
  UNION ALL
  SELECT s.id AS credential, ${PRINCIPAL} FROM user_sessions s
    JOIN ${PRINCIPALS} ON m.principal_id = s.user_id
   WHERE s.id = ANY($1) AND s.expires_at > now()`;

/**
 * An event stream is authorised when it opens, and may be open for days. This ends it when what authorised it is gone: the
 * person has signed out, the key was revoked or has expired, the membership or the service account was
 * removed, the role has changed, the tenant was deleted. The client comes back and gets the answer of the guard.
 *
 *     every 2 s: one statement for all credentials of the open streams ──► streams of the others are cut
 *
 * Without an answer from Postgres, streams stay open.
 */
@Injectable()
export class StreamAccess implements OnApplicationShutdown {
  private readonly logger = new Logger(StreamAccess.name);
  private readonly open = new Map<Response, CallerContext>();
  private readonly timer = setInterval(() => void this.tick(), CHECK_EVERY_MS).unref();
  private checking = false;

  constructor(private readonly system: SystemDatabase) {}

  /** Ends the stream, which is about to open, as soon as its caller's access is gone. */
  endWhenRevoked(ctx: CallerContext, res: Response): void {
    // It will not report again that it is closed.
    if (res.closed) return;
    this.open.set(res, ctx);
    res.once('close', () => this.open.delete(res));
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Called every 2 s. Cuts the streams whose access is gone. */
  async tick(): Promise<void> {
    if (this.checking || this.open.size === 0) return;
    this.checking = true;
    try {
      await this.check([...this.open]);
    } catch (error) {
      this.logger.warn(`The access of open event streams could not be checked: ${String(error)}`);
    } finally {
      this.checking = false;
    }
  }

  private async check(streams: [Response, CallerContext][]): Promise<void> {
    const credentials = new Set(streams.map(([, { actor }]) => credentialOf(actor)));
    const valid = await this.system.query<Principal & { credential: string }>(VALID, [[...credentials]]);
    const granted = new Set(valid.map(({ credential, ...principal }) => accessKey(credential, principal)));
    for (const [res, { tenantId, actor }] of streams) {
      if (!granted.has(accessKey(credentialOf(actor), { ...actor, tenantId, principalId: actorId(actor) })))
        res.destroy();
    }
  }
}

const credentialOf = (actor: Caller): string => (actor.kind === 'person' ? actor.signInId : actor.keyId);

const accessKey = (
  credential: string,
  { tenantId, principalId, role, tenantDeleted }: Omit<Principal, 'kind'>,
): string => JSON.stringify([credential, tenantId, principalId, role, tenantDeleted]);
