import type { GitCommand } from './git.js';
import { type SshKey, withSshAgent } from './ssh-agent.js';

/** What makes `git commit-tree` sign. */
export interface CommitSigning extends Required<Pick<GitCommand, 'config' | 'env'>> {
  args: readonly string[];
}

const UNSIGNED: CommitSigning = { args: [], config: [], env: {} };

/**
 * Runs `work` with what lets git sign commits:
 *
 *     git commit-tree -S ─► ssh-keygen -Y sign, with the public half ─► ssh agent of this call, which alone has the private half
 *
 * So no argument, setting, environment or file has the private half. The same commit, signed again, is the same: Ed25519 uses no
 * random numbers.
 * @param key null: commits are not signed
 * @throws Error when the agent cannot be started; what `work` throws, as when git cannot sign. Nothing is left unsigned instead.
 */
export function withCommitSigning<T>(
  key: SshKey | null,
  work: (signing: CommitSigning) => Promise<T>,
): Promise<T> {
  if (key === null) return work(UNSIGNED);
  return withSshAgent({ ...key, hostKeys: [] }, ({ agentSocket }) =>
    work({
      args: ['-S'],
      config: ['gpg.format=ssh', `user.signingKey=key::${key.publicKey}`],
      env: { SSH_AUTH_SOCK: agentSocket },
    }),
  );
}
