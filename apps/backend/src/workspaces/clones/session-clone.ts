import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Injectable } from '@nestjs/common';
import type { SessionNotice } from '@saas-codex/contracts/sessions';
import { allSettled } from '@saas-codex/service-kit/all-settled';
import { Git, type GitCommand } from '../git/git.js';
import type { FreshClone } from '../history/checkpoints.js';
import { parseWorkTreeEntries, type WorkTreeEntry } from '../history/work-tree-names.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import { CheckoutCosts } from './checkout-cost.js';
import { type OnCloneProgress, progressReader } from './clone-progress.js';
import { LFS_ATTRIBUTE, LIST_ENTRIES, LIST_LFS_FILES, noticesOf } from './missing-parts.js';
import { type EmptyRemote, isEmptyRemote, type MirroredTarget } from './mirrors.js';

interface CloneRequest {
  repo: string;
  /** Address of the remote. null: the workspace has none. */
  url: string | null;
  source: MirroredTarget | EmptyRemote;
  onProgress: OnCloneProgress;
  signal?: AbortSignal;
  /** Bytes that the checkout may take at most, below what the installation allows. By default no limit. */
  maxBytes?: number;
}

interface Revision {
  commit: string;
  tree: string;
}

/** Attributes that make a checkout write something else than what git has recorded. */
const CONVERSIONS = ['eol', 'filter', 'ident', 'working-tree-encoding'];
/** The only identity in the jail. People's names are used when their work is shipped. */
const IDENTITY = ['user.name=Codex', 'user.email=codex@localhost'];

/**
 * Makes `repo/`, the agent's clone, which borrows the mirror's objects. This is the only place that runs git with
 * `repo/.git`, and only before any agent has seen it.
 */
@Injectable()
export class SessionClone {
  constructor(
    private readonly git: Git,
    private readonly costs: CheckoutCosts,
    private readonly limits: WorkspaceLimits,
  ) {}

  async makeClone(request: CloneRequest): Promise<FreshClone & Revision & { notices: SessionNotice[] }> {
    const { source } = request;
    if (isEmptyRemote(source)) {
      await this.createEmpty(request, source);
      return { ...(await this.readRevision(request, 'HEAD')), converted: [], notices: [] };
    }
    await allSettled([this.costs.checkCost(source, request), this.cloneWithoutFiles(request, source)]);
    const [revision] = await allSettled([
      this.readRevision(request, source.target.oid),
      this.git.runCommand(this.inRepo(request, ['config', 'remote.origin.url', request.url ?? ''])),
      this.checkOut(request, source),
    ]);
    const [converted, notices] = await allSettled([this.listConverted(request), this.findNotices(request)]);
    return { ...revision, converted, notices };
  }

  /** Those of which the attributes say that Git LFS has their contents: lines of `ls-files --stage -z`. */
  async listLfsFiles(repo: string, signal: AbortSignal): Promise<Buffer> {
    const args = ['ls-files', '-z', '--stage', '--', LFS_ATTRIBUTE] as const;
    return (await this.git.runCommand(this.inRepo({ repo, signal }, args))).stdout;
  }

  /** Makes the agent's git take files as unchanged, whatever they hold. */
  async skipWorkTree(repo: string, names: readonly Buffer[], signal: AbortSignal): Promise<void> {
    if (names.length === 0) return;
    const input = Buffer.concat(names.flatMap((name) => [name, Buffer.of(0)]));
    const args = ['update-index', '--skip-worktree', '-z', '--stdin'] as const;
    await this.git.runCommand({ ...this.inRepo({ repo, signal }, args), input });
  }

  private async cloneWithoutFiles(request: CloneRequest, { mirror, target }: MirroredTarget): Promise<void> {
    const branch = target.kind === 'branch' ? [`--branch=${target.name}`] : [];
    const identity = IDENTITY.map((setting) => `--config=${setting}`);
    const options = ['--shared', '--no-checkout', '--template=', ...identity, ...branch];
    await this.git.runCommand({
      args: ['clone', ...options, '--', mirror, request.repo],
      cwd: dirname(request.repo),
      protocols: ['file'],
      timeoutMs: this.limits.localMs,
      signal: request.signal,
    });
  }

  /** Checks out exactly the commit whose cost was checked, since the mirror may have moved on. */
  private async checkOut(request: CloneRequest, { target }: MirroredTarget): Promise<void> {
    const { onProgress } = request;
    onProgress({ phase: 'checking_out', percent: 0 });
    const what = target.kind === 'branch' ? ['-B', target.name] : ['--detach'];
    await this.git.runCommand({
      ...this.inRepo(request, ['checkout', '--force', '--progress', ...what, target.oid]),
      onStderr: progressReader(({ percent }) => onProgress({ phase: 'checking_out', percent })),
    });
  }

  private async readRevision(request: CloneRequest, name: string): Promise<Revision> {
    const answer = await this.git.readText(
      this.inRepo(request, ['rev-parse', `${name}^{commit}`, `${name}^{tree}`]),
    );
    const [commit = '', tree = ''] = answer.split('\n');
    return { commit, tree };
  }

  private async createEmpty(request: CloneRequest, { branch }: EmptyRemote): Promise<void> {
    await mkdir(request.repo, { recursive: true });
    await this.git.runCommand(this.inRepo(request, ['init', '--template=', `--initial-branch=${branch}`]));
    const settings = [...IDENTITY, ...(request.url === null ? [] : originSettings(request.url))];
    for (const setting of settings) {
      const equals = setting.indexOf('=');
      await this.git.runCommand(
        this.inRepo(request, ['config', setting.slice(0, equals), setting.slice(equals + 1)]),
      );
    }
    await this.git.runCommand(this.inRepo(request, ['commit', '--allow-empty', '--message=Start']));
  }

  private async findNotices(request: CloneRequest): Promise<SessionNotice[]> {
    const [lfsFiles, entries] = await allSettled([
      this.git.runCommand({ ...this.inRepo(request, LIST_LFS_FILES), truncate: true }),
      this.git.runCommand({ ...this.inRepo(request, LIST_ENTRIES), truncate: true }),
    ]);
    return noticesOf(lfsFiles.stdout, entries.stdout);
  }

  private async listConverted(request: CloneRequest): Promise<WorkTreeEntry[]> {
    const asRecorded = `:(exclude,attr:${CONVERSIONS.map((name) => `!${name}`).join(' ')})`;
    const { stdout } = await this.git.runCommand(
      this.inRepo(request, ['ls-files', '-z', '-t', '--', '.', asRecorded]),
    );
    return [...parseWorkTreeEntries(stdout)];
  }

  private inRepo(
    { repo, signal }: Pick<CloneRequest, 'repo' | 'signal'>,
    args: GitCommand['args'],
  ): GitCommand {
    return { args, cwd: repo, timeoutMs: this.limits.localMs, signal };
  }
}

const originSettings = (url: string) => [
  `remote.origin.url=${url}`,
  'remote.origin.fetch=+refs/heads/*:refs/remotes/origin/*',
];
