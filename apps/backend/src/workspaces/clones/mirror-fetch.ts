import { join } from 'node:path';
import { allSettled } from '@saas-codex/service-kit/all-settled';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { RepoAddress } from '../addresses/address-checker.js';
import { type ReadOptions, readObjectBytes, readRefs, removePartialPacks } from '../git/bare-repository.js';
import type { Git, GitCommand } from '../git/git.js';
import { transportTo } from '../git/transport.js';
import type { WorkspaceLimits } from '../workspace-limits.js';
import { cloneProblem } from './clone-problems.js';
import { type OnCloneProgress, progressReader } from './clone-progress.js';
import {
  type CommitTarget,
  mirroredRefs,
  parseRemoteRefs,
  refNotFound,
  type RemoteRefs,
} from './remote-refs.js';

export interface MirrorRequest {
  address: RepoAddress;
  ref: string | null;
  onProgress: OnCloneProgress;
  signal?: AbortSignal;
}

/** We want all refs. The first answer of the older protocol lists them; the newer protocol takes another request. */
const ONE_ROUND_TRIP = 'protocol.version=0';

type Refs = ReadonlyMap<string, string>;

/** What a mirror shall hold. */
export interface WantedState {
  remote: RemoteRefs;
  /** The refs that the mirror had a moment ago. null: unknown. */
  known: Refs | null;
  target: CommitTarget;
}

/** The git commands that bring a mirror up to date for one request. */
export class MirrorFetch {
  constructor(
    private readonly git: Git,
    private readonly limits: WorkspaceLimits,
    private readonly request: MirrorRequest,
    private readonly folder: string,
  ) {}

  async listRemote(): Promise<RemoteRefs> {
    this.request.onProgress({ phase: 'resolving', percent: null });
    const { config = [], ...command } = this.remoteCommand(this.limits.resolveMs);
    const listing = await this.git.readText({
      ...command,
      config: [...config, ONE_ROUND_TRIP],
      args: ['ls-remote', '--symref', '--', this.request.address.url],
      cwd: this.folder,
    });
    return parseRemoteRefs(listing);
  }

  /**
   * @returns the branches and tags of the mirror; null when there is no mirror, or another process is changing it
   * @throws ProblemError clone_too_large
   */
  async readMirrorRefs(mirror: string): Promise<Refs | null> {
    try {
      const [refs] = await allSettled([readRefs(mirror, this.readOptions), this.checkSize(mirror)]);
      return refs;
    } catch (error) {
      if (error instanceof ProblemError) throw error;
      return null;
    }
  }

  /** Fetches what the mirror lacks. @throws GitFailure; ProblemError clone_too_large, ref_not_found */
  async fetchMissing(mirror: string, { remote, known, target }: WantedState): Promise<void> {
    const theirs = mirroredRefs(remote);
    // Another request may have fetched since.
    if (!same(known, theirs) && !same(await readRefs(mirror, this.readOptions), theirs)) {
      await this.fetch(mirror, ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'], ['--prune']);
    }
    if (target.kind === 'commit' || !theirs.has(fullName(target))) await this.fetchTarget(mirror, target);
  }

  /** Mirrors hold branches and tags. The ref of a pull request, or a single commit, is fetched on its own. */
  private async fetchTarget(mirror: string, target: CommitTarget): Promise<void> {
    if (await this.hasCommit(mirror, target.oid)) return;
    if (target.kind === 'ref') await this.fetch(mirror, [`+${target.name}:${target.name}`]);
    else if (target.oid.length !== 40) throw refNotFound(target.oid);
    else
      await this.fetch(mirror, [`+${target.oid}:refs/wanted/${target.oid}`]).catch((error: unknown) => {
        throw this.request.signal?.aborted ? error : refNotFound(target.oid);
      });
  }

  private async hasCommit(mirror: string, oid: string): Promise<boolean> {
    const found = await this.git.readText({
      args: ['cat-file', '--batch-check'],
      cwd: mirror,
      gitDir: mirror,
      timeoutMs: this.limits.localMs,
      input: `${oid}^{commit}\n`,
      signal: this.request.signal,
    });
    return / commit \d+$/.test(found);
  }

  private async fetch(mirror: string, refspecs: string[], options: string[] = []): Promise<void> {
    this.request.onProgress({ phase: 'fetching', percent: 0 });
    await removePartialPacks(mirror);
    const tooLarge = new AbortController();
    const signals = [tooLarge.signal, ...(this.request.signal ? [this.request.signal] : [])];
    const onStderr = progressReader(({ percent, received }) => {
      this.request.onProgress({ phase: 'fetching', percent });
      if (received > this.limits.mirrorBytes) tooLarge.abort();
    });
    const fixed = [
      '--progress',
      '--no-tags',
      '--no-write-fetch-head',
      '--no-auto-maintenance',
      '--no-recurse-submodules',
    ];
    try {
      await this.git.runCommand({
        ...this.remoteCommand(this.limits.fetchMs),
        args: ['fetch', ...fixed, ...options, '--', this.request.address.url, ...refspecs],
        cwd: mirror,
        gitDir: mirror,
        signal: AbortSignal.any(signals),
        onStderr,
      });
    } catch (error) {
      throw tooLarge.signal.aborted ? cloneProblem('clone_too_large') : error;
    }
    await this.checkSize(mirror);
  }

  private async checkSize(mirror: string): Promise<void> {
    const bytes = await readObjectBytes(mirror, this.readOptions);
    if (bytes > this.limits.mirrorBytes) throw cloneProblem('clone_too_large');
  }

  private get readOptions(): ReadOptions {
    return { timeoutMs: this.limits.localMs, signal: this.request.signal };
  }

  private remoteCommand(
    timeoutMs: number,
  ): Pick<GitCommand, 'timeoutMs' | 'signal' | 'protocols' | 'config' | 'env'> {
    return {
      ...transportTo(this.request.address, join(this.folder, 'known_hosts')),
      timeoutMs,
      signal: this.request.signal,
    };
  }
}

const fullName = ({ kind, name }: Exclude<CommitTarget, { kind: 'commit' }>) =>
  kind === 'branch' ? `refs/heads/${name}` : name;

const same = (own: Refs | null, theirs: Refs): boolean =>
  own?.size === theirs.size && [...theirs].every(([name, oid]) => own.get(name) === oid);
