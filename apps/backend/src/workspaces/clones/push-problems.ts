import type { ProblemCode } from '@saas-codex/contracts/problems';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { GitFailure } from '../git/git.js';
import type { RemoteCredential } from '../git/transport.js';
import { toCloneProblem } from './clone-problems.js';

const MAX_LINES = 20;
const MAX_CHARACTERS = 2_000;

/** What a host said: the lines that git marks as `remote:`, without what a terminal would obey. */
export function hostWords(stderr: string): string | null {
  const lines = stderr
    .split('\n')
    .filter((line) => line.startsWith('remote:'))
    .map((line) => cleaned(line.slice('remote:'.length)))
    .filter((line) => /[\p{L}\p{N}]/u.test(line));
  return lines.length === 0 ? null : lines.slice(0, MAX_LINES).join('\n').slice(0, MAX_CHARACTERS);
}

/** A host that repeats a secret must not get it into our records. */
export const withoutSecret = (text: string, credential: RemoteCredential | null): string =>
  credential?.kind === 'token' ? text.replaceAll(credential.password, '…') : text;

const cleaned = (text: string) =>
  text
    // oxlint-disable-next-line no-control-regex
    .replace(/\u001b\[[0-9;]*[A-Za-z]/g, '')
    .replace(/[\p{Cc}\p{Cf}]/gu, ' ')
    .trim();

const REJECTED = / ! \[rejected\].*\((stale info|fetch first|non-fast-forward|already exists|needs force)\)/;
const REMOTE_REJECTED = / ! \[remote rejected\].*\((.*)\)/;
/** The host's own store was busy with the same branch. */
const RACED = /cannot lock ref|failed to update ref|reference already exists/;
/** There is a branch `codex`, so there cannot be one `codex/x`. Trying again does not help. */
const IN_THE_WAY = /exists; cannot create/;
/** What hosts print over ssh, without `remote:`. */
const READ_ONLY =
  /marked as read[- ]only|read-only (key|access)|not allowed to push|denied to|Write access.*not granted/i;

/** Codes that say: it may work later. */
const LATER: readonly ProblemCode[] = ['clone_unreachable', 'clone_timeout', 'clone_rate_limited'];

/** Turns a failed `git push`, or the look at the remote before it, into a problem for the person. */
export function toPushProblem(error: unknown, branch: string, credential: RemoteCredential | null): unknown {
  if (!(error instanceof GitFailure) || error.kind === 'aborted') return error;
  const stderr = withoutSecret(error.stderr, credential);
  if (REJECTED.test(stderr)) return branchMoved(branch);
  const [, reason] = REMOTE_REJECTED.exec(stderr) ?? [];
  if (reason !== undefined && RACED.test(reason) && !IN_THE_WAY.test(stderr)) return unreachable();
  if (reason !== undefined) return refused(branch, cleaned(reason).slice(0, 200), hostWords(stderr));
  if (READ_ONLY.test(stderr)) return new ProblemError('clone_auth_failed', 'The key or token may only read.');
  const problem = toCloneProblem(error);
  if (!(problem instanceof ProblemError)) return problem;
  if (LATER.includes(problem.code)) return unreachable();
  if (problem.code !== 'clone_failed') return problem;
  const words = hostWords(stderr);
  return words === null
    ? new ProblemError(
        'push_failed',
        'Git could not push. Check that the repository is still at its address, then push again.',
      )
    : refused(branch, null, words);
}

const unreachable = () =>
  new ProblemError(
    'push_unreachable',
    'The host did not answer as it should. The push is tried again by itself.',
  );

export const branchMoved = (branch: string) =>
  new ProblemError(
    'branch_moved',
    `The branch ${branch} has commits that this session has not pushed. They are never overwritten: choose another branch name.`,
  );

export const branchDeleted = (branch: string) =>
  new ProblemError(
    'branch_moved',
    `The branch ${branch} was deleted at its host since the last push. Choose another branch name.`,
  );

export const branchProtected = (branch: string) =>
  new ProblemError(
    'branch_protected',
    `${branch} is the default branch of the repository, and sessions push to other branches only. Choose another branch name, and open a pull request. An admin can allow it with a rule under Settings → Shipping.`,
  );

const refused = (branch: string, reason: string | null, words: string | null) =>
  new ProblemError(
    'push_refused',
    [
      `The host does not take these commits on ${branch}${reason === null ? '' : ` (${reason})`}.`,
      words === null ? null : `It says: ${words}`,
      'If the branch is protected, choose another name. Else correct what the host names, commit and push again.',
    ]
      .filter((part) => part !== null)
      .join('\n'),
  );
