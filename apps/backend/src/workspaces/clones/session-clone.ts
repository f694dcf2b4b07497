import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Injectable } from '@nestjs/common';
import { allSettled } from '@saas-codex/service-kit/all-settled';
import { Git, type GitCommand } from '../git/git.js';
import { progressReader } from '../git/progress.js';
import { parseWorkTreeEntries, type WorkTreeEntry } from '../history/work-tree-listing.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import { CheckoutCost } from './checkout-cost.js';
import { cloneProblem } from './clone-problems.js';
import type { OnCloneProgress } from './clone-progress.js';
import type { Source } from './mirrors.js';

export interface CloneRequest {
  repo: string;
  /** Address of the remote; null: the workspace has none. */
  url: string | null;
  /** null: nothing to check out. */
  source: Source | null;
  onProgress: OnCloneProgress;
  signal?: AbortSignal;
}

/** A clone that no agent has seen yet. */
export interface NewClone {
  /** What is checked out, and its tree. */
  commit: string;
  tree: string;
  /** Files that may differ from what git has recorded of them: an attribute has them written another way. */
  converted: WorkTreeEntry[];
}

/** Attributes that have a checkout write something else than what is recorded. */
const CONVERSIONS = ['eol', 'filter', 'ident', 'working-tree-encoding'];
const FULL_ID = 40;
const MOST_COSTS = 10_000;
/** In the jail there is no other identity; people's names come in when their work is shipped. */
const IDENTITY = ['user.name=Codex', 'user.email=codex@localhost'];

/**
 * Makes `repo/`: the agent's clone, which borrows the mirror's objects (alternates; a hard link could be written
 * through). This is the only place that runs git with `repo/.git`, and only before any agent has seen it.
 */
@Injectable()
export class SessionClone {
  /** By commit, which stays what it is. */
  private readonly costs = new Map<string, CheckoutCost>();

  constructor(
    private readonly git: Git,
    private readonly limits: WorkspaceLimits,
  ) {}

  async make(request: CloneRequest): Promise<NewClone> {
    const { source } = request;
    if (!source) {
      await this.empty(request);
      return { ...(await this.revision(request, 'HEAD')), converted: [] };
    }
    await allSettled([this.checkCost(source, request.signal), this.withoutFiles(request, source)]);
    const [revision] = await allSettled([
      this.revision(request, source.target.oid),
      this.git.run(this.inRepo(request, ['config', 'remote.origin.url', request.url ?? ''])),
      this.checkOut(request, source),
    ]);
    return { ...revision, converted: await this.converted(request) };
  }

  private async withoutFiles(request: CloneRequest, { mirror, target }: Source): Promise<void> {
    const branch = target.kind === 'branch' ? [`--branch=${target.name}`] : [];
    const identity = IDENTITY.map((setting) => `--config=${setting}`);
    const options = ['--shared', '--no-checkout', '--template=', ...identity, ...branch];
    await this.git.run({
      args: ['clone', ...options, '--', mirror, request.repo],
      cwd: dirname(request.repo),
      protocols: ['file'],
      timeoutMs: this.limits.localMs,
      signal: request.signal,
    });
  }

  /** Just the commit whose cost was checked: the mirror may have gone on since. */
  private async checkOut(request: CloneRequest, { target }: Source): Promise<void> {
    const { onProgress } = request;
    onProgress({ phase: 'checking_out', percent: 0 });
    const what = target.kind === 'branch' ? ['-B', target.name] : ['--detach'];
    await this.git.run({
      ...this.inRepo(request, ['checkout', '--force', '--progress', ...what, target.oid]),
      onStderr: progressReader(({ percent }) => onProgress({ phase: 'checking_out', percent })),
    });
  }

  private async revision(request: CloneRequest, name: string): Promise<Pick<NewClone, 'commit' | 'tree'>> {
    const answer = await this.git.text(
      this.inRepo(request, ['rev-parse', `${name}^{commit}`, `${name}^{tree}`]),
    );
    const [commit = '', tree = ''] = answer.split('\n');
    return { commit, tree };
  }

  private async empty(request: CloneRequest): Promise<void> {
    await mkdir(request.repo, { recursive: true });
    await this.git.run(this.inRepo(request, ['init', '--template=', '--initial-branch=main']));
    const settings = [...IDENTITY, ...(request.url === null ? [] : originSettings(request.url))];
    for (const setting of settings) {
      const equals = setting.indexOf('=');
      await this.git.run(
        this.inRepo(request, ['config', setting.slice(0, equals), setting.slice(equals + 1)]),
      );
    }
    await this.git.run(this.inRepo(request, ['commit', '--allow-empty', '--message=Start']));
  }

  /** A small pack can name millions of files, or hold petabytes of zeros: look before anything is written. */
  private async checkCost({ mirror, target }: Source, signal?: AbortSignal): Promise<void> {
    const isTooLarge = ({ files, bytes }: CheckoutCost) =>
      files > this.limits.checkoutFiles || bytes > this.limits.checkoutBytes;
    const cost = this.costs.get(target.oid) ?? (await this.countCost(mirror, target.oid, isTooLarge, signal));
    if (isTooLarge(cost)) throw cloneProblem('clone_too_large');
    if (this.costs.size === MOST_COSTS) this.costs.clear();
    // A name that was cut short is another commit's elsewhere.
    if (target.oid.length === FULL_ID) this.costs.set(target.oid, cost);
  }

  /** Counts until it is too much. */
  private async countCost(
    mirror: string,
    oid: string,
    isTooLarge: (cost: CheckoutCost) => boolean,
    signal?: AbortSignal,
  ): Promise<CheckoutCost> {
    const cost = new CheckoutCost();
    const tooLarge = new AbortController();
    try {
      await this.git.run({
        args: ['ls-tree', '-r', '-l', '-z', oid],
        cwd: mirror,
        gitDir: mirror,
        timeoutMs: this.limits.localMs,
        signal: AbortSignal.any([tooLarge.signal, ...(signal ? [signal] : [])]),
        onStdout(chunk) {
          cost.add(chunk);
          if (isTooLarge(cost)) tooLarge.abort();
        },
      });
    } catch (error) {
      if (!isTooLarge(cost)) throw error;
    }
    return cost;
  }

  private async converted(request: CloneRequest): Promise<WorkTreeEntry[]> {
    const asRecorded = `:(exclude,attr:${CONVERSIONS.map((name) => `!${name}`).join(' ')})`;
    const { stdout } = await this.git.run(
      this.inRepo(request, ['ls-files', '-z', '-t', '--', '.', asRecorded]),
    );
    return parseWorkTreeEntries(stdout);
  }

  private inRepo({ repo, signal }: CloneRequest, args: GitCommand['args']): GitCommand {
    return { args, cwd: repo, timeoutMs: this.limits.localMs, signal };
  }
}

const originSettings = (url: string) => [
  `remote.origin.url=${url}`,
  'remote.origin.fetch=+refs/heads/*:refs/remotes/origin/*',
];
