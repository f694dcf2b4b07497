import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import type { ProblemError } from '@saas-codex/service-kit/problem';
import type { TenantScope } from '../../database/tenant-row.js';
import { AddressChecker, type RepoAddress } from '../addresses/address-checker.js';
import type { GitCommand } from '../git/git.js';
import { GitCertificates } from '../git/git-certificates.js';
import { type GitAccess, type RemoteCredential, transportTo, withGitAccess } from '../git/transport.js';
import { HistoryRepository } from '../history/history-repository.js';
import { Storage } from '../storage/storage.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import { isRedirect } from './clone-problems.js';
import {
  branchDeleted,
  branchMoved,
  branchProtected,
  hostWords,
  toPushProblem,
  withoutSecret,
} from './push-problems.js';

export interface PushRequest {
  repoUrl: string;
  branch: string;
  /** The git commit in `history.git`. */
  oid: string;
  /** What this session has pushed, or tried to push, to this branch before. Only these may be replaced. */
  ours: readonly string[];
  /** Whether any of these pushes is known to have succeeded. */
  pushedBefore: boolean;
  /** A branch that the work may be for. */
  baseRef: string | null;
  toDefaultBranch: boolean;
  /** Why this branch is refused if it is not the default one; null: it is not refused. */
  misnamed: ProblemError | null;
  credential: RemoteCredential | null;
}

export interface PushedBranch {
  /** `baseRef`, if the remote has such a branch, else its default branch. null: it has none. */
  baseRef: string | null;
  /** What the host said. null: nothing, or it had the commit already. */
  hostMessage: string | null;
}

interface RemoteState {
  defaultBranch: string | null;
  /** Commits by branch, of those that were asked for. */
  branches: ReadonlyMap<string, string>;
}

const BRANCH = 'refs/heads/';
const LISTING_BYTES = 1024 * 1024;
const MAX_WORDS = 64 * 1024;

/**
 * Pushes commits of `history.git` to the repository of a session.
 *
 *     address ─ check ─► ls-remote ─┬─ our commit is there ─► pushed already, say before a crash
 *                                   ├─ a branch that the policy forbids, or commits that are not ours ─► refused
 *                                   └─ else ─► push <oid>:refs/heads/<branch>, if the branch is still as it was seen
 *
 * git runs in `history.git`, which no agent can write: no hook, setting or ref of the agent's is involved. Exactly one commit goes
 * to one branch: no tags, no submodules.
 */
@Injectable()
export class Remotes {
  constructor(
    private readonly addresses: AddressChecker,
    private readonly history: HistoryRepository,
    private readonly storage: Storage,
    private readonly limits: WorkspaceLimits,
    private readonly certificates: GitCertificates,
  ) {}

  /** May be called again after a crash at any moment. @throws ProblemError branch_*, push_*, repo_*, clone_*; GitFailure when aborted */
  async push(
    scope: TenantScope,
    sessionId: string,
    request: PushRequest,
    signal?: AbortSignal,
  ): Promise<PushedBranch> {
    const address = await this.addresses.checkAddress(request.repoUrl);
    const at = (target: RepoAddress) =>
      withGitAccess(request.credential, (access) =>
        this.pushTo(scope, sessionId, { ...request, address: target, access, signal }),
      );
    try {
      return await at(address).catch(async (error: unknown) => {
        if (!isRedirect(error) || address.url.endsWith('.git')) throw error;
        // Many hosts know a repository by its address with and without `.git`, and redirect from one to the other.
        return at(await this.addresses.checkAddress(`${address.url}.git`));
      });
    } catch (error) {
      throw toPushProblem(error, request.branch, request.credential);
    }
  }

  private async pushTo(scope: TenantScope, sessionId: string, target: Target): Promise<PushedBranch> {
    const { branch, oid, ours, pushedBefore, credential } = target;
    const { defaultBranch, branches } = await this.look(scope, sessionId, target);
    const baseRef = target.baseRef !== null && branches.has(target.baseRef) ? target.baseRef : defaultBranch;
    const theirs = branches.get(branch) ?? null;
    if (theirs === oid) return { baseRef, hostMessage: null };
    if (branch === defaultBranch && !target.toDefaultBranch) throw branchProtected(branch);
    if (branch !== defaultBranch && target.misnamed !== null) throw target.misnamed;
    if (theirs === null && pushedBefore) throw branchDeleted(branch);
    if (theirs !== null && !ours.includes(theirs) && !(await this.continues(sessionId, target, theirs)))
      throw branchMoved(branch);
    let stderr = '';
    await this.run(scope, sessionId, target, {
      args: [
        'push',
        '--no-verify',
        '--no-follow-tags',
        '--recurse-submodules=no',
        '--no-signed',
        `--force-with-lease=${BRANCH}${branch}:${theirs ?? ''}`,
        '--',
        target.address.url,
        `${oid}:${BRANCH}${branch}`,
      ],
      timeoutMs: this.limits.fetchMs,
      onStderr: (text) => {
        if (stderr.length < MAX_WORDS) stderr += text;
      },
    });
    return { baseRef, hostMessage: hostWords(withoutSecret(stderr, credential)) };
  }

  /** Where a policy allows the default branch: whether the push only adds to what is there. */
  private async continues(
    sessionId: string,
    { oid, toDefaultBranch }: Target,
    theirs: string,
  ): Promise<boolean> {
    if (!toDefaultBranch) return false;
    const args = ['merge-base', '--is-ancestor', theirs, oid] as const;
    return this.history.runOnObjects(sessionId, args).then(
      () => true,
      () => false,
    );
  }

  private async look(scope: TenantScope, sessionId: string, target: Target): Promise<RemoteState> {
    const wanted = [target.branch, target.baseRef].filter((name) => name !== null);
    const { stdout } = await this.run(scope, sessionId, target, {
      args: [
        'ls-remote',
        '--symref',
        '--',
        target.address.url,
        'HEAD',
        ...wanted.map((name) => BRANCH + name),
      ],
      timeoutMs: this.limits.resolveMs,
      maxOutputBytes: LISTING_BYTES,
    });
    const lines = stdout.toString('utf8').split('\n');
    const [, defaultBranch = null] =
      lines.map((line) => /^ref: refs\/heads\/(.+)\tHEAD$/.exec(line)).find(Boolean) ?? [];
    const refs = new Map(lines.map((line) => line.split('\t')).map(([oid = '', name = '']) => [name, oid]));
    return {
      defaultBranch,
      branches: new Map(
        wanted.flatMap((name) => (refs.has(BRANCH + name) ? [[name, refs.get(BRANCH + name) ?? '']] : [])),
      ),
    };
  }

  private async run(
    { tenantId }: TenantScope,
    sessionId: string,
    { address, access, signal }: Target,
    command: Pick<GitCommand, 'args' | 'timeoutMs' | 'maxOutputBytes' | 'onStderr'>,
  ) {
    const folder = this.storage.tenantMirrorsPath(tenantId);
    await mkdir(folder, { recursive: true });
    const knownHosts = join(folder, 'known_hosts');
    const transport = transportTo(address, { knownHosts, certificates: this.certificates.file, access });
    return this.history.runOnObjects(sessionId, command.args, { ...transport, ...command, signal });
  }
}

interface Target extends PushRequest {
  address: RepoAddress;
  access: GitAccess | null;
  signal: AbortSignal | undefined;
}
