import { isRefName } from '@saas-codex/contracts/ref-name';
import { ProblemError } from '@saas-codex/service-kit/problem';

/**
 * Accepts a branch, tag, full ref name or commit id that git cannot take for anything else.
 * @throws ProblemError ref_invalid
 */
export function checkRef(ref: string): string {
  if (isRefName(ref)) return ref;
  throw new ProblemError('ref_invalid', 'Give the name of a branch or tag, or a commit id, as git shows it.');
}
