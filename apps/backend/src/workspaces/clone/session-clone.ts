import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Git, type GitCommand } from '../git/git.js';
import { progressReader } from '../git/progress.js';
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

/** In the jail there is no other identity; people's names come in when their work is shipped. */
const IDENTITY = ['user.name=Codex', 'user.email=codex@localhost'];

/**
 * Makes `repo/`: the agent's clone, which borrows the mirror's objects (alternates; a hard link could be written
 * through). This is the only place that runs git with `repo/.git`, and only before any agent has seen it.
 */
@Injectable()
export class SessionClone {
  constructor(
    private readonly git: Git,
    private readonly limits: WorkspaceLimits,
  ) {}

  /** @returns the commit that is checked out */
  async make(request: CloneRequest): Promise<string> {
    if (request.source) await this.fromMirror(request, request.source);
    else await this.empty(request);
    return this.git.text(this.inRepo(request, ['rev-parse', 'HEAD']));
  }

  private async fromMirror(request: CloneRequest, source: Source): Promise<void> {
    await this.checkCost(source, request.signal);
    const branch = source.target.kind === 'branch' ? [`--branch=${source.target.name}`] : [];
    const identity = IDENTITY.map((setting) => `--config=${setting}`);
    await this.git.run({
      args: [
        'clone',
        '--shared',
        '--no-checkout',
        '--template=',
        ...identity,
        ...branch,
        '--',
        source.mirror,
        request.repo,
      ],
      cwd: dirname(request.repo),
      protocols: ['file'],
      timeoutMs: this.limits.localMs,
      signal: request.signal,
    });
    await this.git.run(this.inRepo(request, ['config', 'remote.origin.url', request.url ?? '']));
    await this.checkOut(request, source);
  }

  private async checkOut(request: CloneRequest, { target }: Source): Promise<void> {
    const { onProgress } = request;
    onProgress({ phase: 'checking_out', percent: 0 });
    const what = target.kind === 'branch' ? [] : ['--detach', target.oid];
    await this.git.run({
      ...this.inRepo(request, ['checkout', '--force', '--progress', ...what]),
      onStderr: progressReader(({ percent }) => onProgress({ phase: 'checking_out', percent })),
    });
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
    const cost = new CheckoutCost();
    const tooLarge = new AbortController();
    const isTooLarge = () => cost.files > this.limits.checkoutFiles || cost.bytes > this.limits.checkoutBytes;
    try {
      await this.git.run({
        args: ['ls-tree', '-r', '-l', '-z', target.oid],
        cwd: mirror,
        gitDir: mirror,
        timeoutMs: this.limits.localMs,
        signal: AbortSignal.any([tooLarge.signal, ...(signal ? [signal] : [])]),
        onStdout(chunk) {
          cost.add(chunk);
          if (isTooLarge()) tooLarge.abort();
        },
      });
    } catch (error) {
      if (!isTooLarge()) throw error;
    }
    if (isTooLarge()) throw cloneProblem('clone_too_large');
  }

  private inRepo({ repo, signal }: CloneRequest, args: GitCommand['args']): GitCommand {
    return { args, cwd: repo, timeoutMs: this.limits.localMs, signal };
  }
}

const originSettings = (url: string) => [
  `remote.origin.url=${url}`,
  'remote.origin.fetch=+refs/heads/*:refs/remotes/origin/*',
];
