import { ProblemError } from '@saas-codex/service-kit/problem';
import { isStoreOutage } from '@saas-codex/service-kit/store-outage';
import { cloneProblem, toCloneProblem } from '../clones/clone-problems.js';

/**
 * Why something is missing, for a person.
 * @param signal ends with the request, which its caller looks at, or with the time for all of a part
 * @throws the error, if it is about more than this
 */
export function missingReason(error: unknown, signal: AbortSignal): string {
  const problem = toCloneProblem(error);
  if (problem instanceof ProblemError) return problem.detail;
  if (signal.aborted && !isStoreOutage(error)) return cloneProblem('clone_timeout').detail;
  throw error;
}
