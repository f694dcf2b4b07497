import type { ProblemCode } from '@saas-codex/contracts/problems';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { GitFailure } from '../git/git.js';

const SENTENCES = {
  clone_auth_failed:
    'The host refused access: the repository is private or does not exist. Check the address, or save a credential for this host under Settings → Git credentials: a token for https addresses, a key for ssh.',
  clone_host_key_changed:
    'The host shows another key than the one that was confirmed. If its operator says that it has changed, confirm the new one under Settings → Git credentials. If not, somebody may be in between.',
  clone_not_found: 'There is no repository at this address. Check the address for typing mistakes.',
  clone_rate_limited:
    'The repository host answers that it gets too many requests. Try again in a few minutes.',
  clone_redirected:
    'The address redirects to another one, and redirects are not followed. Use the address that it leads to.',
  clone_timeout:
    'The host answers too slowly, or the repository is too large to be fetched in time. Try again later.',
  clone_too_large: 'The repository is larger than this installation allows. Use a smaller one.',
  disk_quota_exceeded:
    'The repository is larger than the disk space that your organisation has left. Delete sessions that are no longer needed, or ask your operator for a larger quota (DISK_QUOTA_GB_PER_TENANT).',
  clone_unreachable: 'The repository host cannot be reached. Check the address, or try again later.',
  clone_failed: 'Git could not fetch the repository. Check the address, then try again.',
} as const satisfies Partial<Record<ProblemCode, string>>;
type CloneProblemCode = keyof typeof SENTENCES;

export const cloneProblem = (code: CloneProblemCode, sentence: string = SENTENCES[code]): ProblemError =>
  new ProblemError(code, sentence);

const UNTRUSTED =
  "The host's certificate is not trusted. Ask your operator, who can add its authority with NODE_EXTRA_CA_CERTS.";
const BY_PROXY =
  "The operator's proxy (HTTP_PROXY, HTTPS_PROXY) refuses this host, or wants other credentials. Ask your operator.";

/** git has no error codes. These are its messages under LC_ALL=C, the more specific ones first. */
const MESSAGES: readonly [RegExp, CloneProblemCode, sentence?: string][] = [
  [
    /from proxy after CONNECT|CONNECT tunnel failed|Proxy CONNECT aborted|error: 407/i,
    'clone_unreachable',
    BY_PROXY,
  ],
  [/SSL certificate|certificate verif|server certificate/i, 'clone_unreachable', UNTRUSTED],
  [/error: 429\b|HTTP 429\b/i, 'clone_rate_limited'],
  [/redirect|requested URL returned error: 3\d\d|RPC failed; HTTP 3\d\d/i, 'clone_redirected'],
  [/could not read (Username|Password)|Authentication failed|error: 40[13]\b/i, 'clone_auth_failed'],
  [
    /IDENTIFICATION HAS CHANGED|Host key verification failed|No \w+ host key is known/i,
    'clone_host_key_changed',
  ],
  [/Permission denied|access denied|Too many authentication/i, 'clone_auth_failed'],
  [
    /repository .*not found|error: 404|does not appear to be a git repository|not valid: is this a git/i,
    'clone_not_found',
  ],
  [/Operation too slow|timed? ?out/i, 'clone_timeout'],
  [
    /Could not resolve|Failed to connect|Couldn't connect|Connection (refused|reset|closed)/i,
    'clone_unreachable',
  ],
  [
    /unreachable|No route to host|Empty reply|SSL|certificate|error: 5\d\d|hung up|early EOF/i,
    'clone_unreachable',
  ],
];

/** The address redirects to the repository address `target`, as its host says it: any text. */
export class RedirectedClone extends ProblemError {
  constructor(readonly target: string) {
    super('clone_redirected', `The repository has moved to ${target}. Use that address.`);
  }
}

/** Many hosts know a repository by its address with and without `.git`, and redirect from one to the other. */
export const addsOnlyGit = (error: unknown, url: string): boolean =>
  error instanceof RedirectedClone && error.target === `${url}.git`;

/** Whether git could not go on because the host answered with a redirect. */
export const isRedirect = (error: unknown): boolean =>
  error instanceof GitFailure && (toCloneProblem(error) as ProblemError).code === 'clone_redirected';

/** Turns a failed git command into a problem for the person. Returns every other error unchanged. */
export function toCloneProblem(error: unknown): unknown {
  if (!(error instanceof GitFailure)) return error;
  switch (error.kind) {
    case 'aborted':
      return error;
    case 'timeout':
      return cloneProblem('clone_timeout');
    case 'output_limit':
      return cloneProblem('clone_too_large');
    case 'exit':
      return explain(error.stderr);
  }
}

function explain(stderr: string): ProblemError {
  const [, code, sentence] = MESSAGES.find(([message]) => message.test(stderr)) ?? [];
  return cloneProblem(code ?? 'clone_failed', sentence);
}
