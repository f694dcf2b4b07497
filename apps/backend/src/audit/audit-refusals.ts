import { Injectable, Logger } from '@nestjs/common';
import { AUDIT_REFUSED } from '@saas-codex/contracts/audit-operations';
import type { ProblemCode } from '@saas-codex/contracts/problems';
import { z } from 'zod';
import { actorId } from '../identity/actor.js';
import { Refusals } from '../identity/refusals.js';
import type { CallerContext } from '../identity/request-context.js';
import type { RequestOrigin } from '../identity/request-origin.js';
import { auditActorOf } from './audit-log.js';
import { AuditNames } from './audit-names.js';
import { CountedEntries } from './counted-entries.js';

const WithEmail = z.object({ email: z.string().max(254) });

/**
 * Attempts that were refused. Nothing waits for their entries. An attempt that no account can be named for is nobody's: it is
 * in no tenant's log.
 */
@Injectable()
export class AuditRefusals extends Refusals {
  private readonly logger = new Logger(AuditRefusals.name);

  constructor(
    private readonly counted: CountedEntries,
    private readonly names: AuditNames,
  ) {
    super();
  }

  refused(ctx: CallerContext, operation: string | undefined, problem: ProblemCode): void {
    const target = { kind: 'operation', id: operation ?? null } as const;
    const keyId = 'keyId' in ctx.actor ? ctx.actor.keyId : null;
    this.inBackground(async () => {
      const names = await this.names.read(ctx, actorId(ctx.actor), keyId, target);
      const { tenantId, origin } = ctx;
      const action = AUDIT_REFUSED.access;
      this.counted.add({ tenantId, action, problem, ...auditActorOf(ctx, names), origin, target });
    });
  }

  /** Somebody could not sign in to an account. @param body of the request, which names it */
  signIn(origin: RequestOrigin, body: unknown, problem: ProblemCode): void {
    const { data } = WithEmail.safeParse(body);
    if (!data) return;
    this.inBackground(async () => {
      for (const { tenantId, userId, name } of await this.names.personWithEmail(data.email)) {
        this.counted.add({
          tenantId,
          action: AUDIT_REFUSED.signIn,
          problem,
          // Who it was is not known. Whose account it is, is.
          actor: { kind: 'visitor', id: null },
          credential: { kind: 'password' },
          origin,
          target: { kind: 'account', id: userId, name },
        });
      }
    });
  }

  private inBackground(work: () => Promise<void>): void {
    work().catch((error: unknown) => this.logger.warn(`A refusal was not recorded: ${String(error)}`));
  }
}
