import { ProblemError } from '@saas-codex/service-kit/problem';

const MAX_LENGTH = 250;
/** What `git check-ref-format` forbids, and everything that has a meaning in git's revision syntax. */
const FORBIDDEN = /[\s\p{Cc}~^:?*[\\]|\.\.|@\{|\/\/|^[-/]|^@$|[/.]$/u;
const FORBIDDEN_PART = /^\.|\.lock$/;

/**
 * Accepts a branch, tag, full ref name or commit id that git cannot take for anything else.
 * @throws ProblemError ref_invalid
 */
export function checkRef(ref: string): string {
  const parts = ref.split('/');
  if (
    ref === '' ||
    ref.length > MAX_LENGTH ||
    Buffer.from(ref).toString() !== ref ||
    FORBIDDEN.test(ref) ||
    parts.some((part) => FORBIDDEN_PART.test(part))
  ) {
    throw new ProblemError(
      'ref_invalid',
      'Give the name of a branch or tag, or a commit id, as git shows it.',
    );
  }
  return ref;
}
