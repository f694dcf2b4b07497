import type { ProblemCode } from '@saas-codex/contracts/problems';
import type { CallerContext } from './request-context.js';

/** What identity needs from the audit log, which is above it: somebody known tried what they may not do. */
export abstract class Refusals {
  /** @param operation the operationId; undefined: a route without one */
  abstract refused(ctx: CallerContext, operation: string | undefined, problem: ProblemCode): void;
}
