import { join } from 'node:path';
import { allSettled } from '@saas-codex/service-kit/all-settled';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { RepoAddress } from '../addresses/repo-address.js';
import type { BareGit } from '../git/bare-git.js';
import type { Git, GitCommand } from '../git/git.js';
import { removePartialPacks } from '../git/partial-packs.js';
import { progressReader } from '../git/progress.js';
import { transportTo } from '../git/transport.js';
import type { WorkspaceLimits } from '../workspace-limits.js';
import { cloneProblem } from './clone-problems.js';
import type { OnCloneProgress } from './clone-progress.js';
import {
  type CheckoutTarget,
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

/** The first answer of the older protocol lists all refs, which are wanted; that of the newer one has to be asked for them. */
const ONE_ROUND_TRIP = 'protocol.version=0';

type Refs = ReadonlyMap<string, string>;

/** What a mirror is to have. */
export interface Wanted {
  remote: RemoteRefs;
  /** What it had a moment ago. */
  known: Refs | null;
  target: CheckoutTarget;
}

/** The git commands that bring a mirror up to date for one request. */
export class MirrorFetch {
  constructor(
    private readonly git: Git,
    private readonly bare: BareGit,
    private readonly limits: WorkspaceLimits,
    private readonly request: MirrorRequest,
    private readonly folder: string,
  ) {}

  async listRemote(): Promise<RemoteRefs> {
    this.request.onProgress({ phase: 'resolving', percent: null });
    const { config = [], ...command } = this.remoteCommand(this.limits.resolveMs);
    const listing = await this.git.text({
      ...command,
      config: [...config, ONE_ROUND_TRIP],
      args: ['ls-remote', '--symref', '--', this.request.address.url],
      cwd: this.folder,
    });
    return parseRemoteRefs(listing);
  }

  init(mirror: string): Promise<void> {
    return this.bare.init(mirror);
  }

  /**
   * The branches and tags that the mirror has; null: that cannot be told, since it is not there, or somebody is at it.
   * @throws ProblemError clone_too_large
   */
  async look(mirror: string): Promise<Refs | null> {
    try {
      const [refs] = await allSettled([this.refsOf(mirror), this.checkSize(mirror)]);
      return refs;
    } catch (error) {
      if (error instanceof ProblemError) throw error;
      return null;
    }
  }

  async update(mirror: string, { remote, known, target }: Wanted): Promise<void> {
    const theirs = mirroredRefs(remote);
    // Somebody else may have fetched since.
    if (!same(known, theirs) && !same(await this.refsOf(mirror), theirs)) {
      await this.fetch(mirror, ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'], ['--prune']);
    }
    if (target.kind === 'commit' || !theirs.has(fullName(target))) await this.fetchTarget(mirror, target);
  }

  /** A pull request's ref or a lone commit is outside what a mirror holds. */
  private async fetchTarget(mirror: string, target: CheckoutTarget): Promise<void> {
    if (await this.has(mirror, target.oid)) return;
    if (target.kind === 'ref') await this.fetch(mirror, [`+${target.name}:${target.name}`]);
    else if (target.oid.length !== 40) throw refNotFound(target.oid);
    else
      await this.fetch(mirror, [`+${target.oid}:refs/wanted/${target.oid}`]).catch((error: unknown) => {
        throw this.request.signal?.aborted ? error : refNotFound(target.oid);
      });
  }

  private async refsOf(mirror: string): Promise<Refs> {
    const question = [
      'for-each-ref',
      '--format=%(objectname)%09%(refname)',
      'refs/heads',
      'refs/tags',
    ] as const;
    return mirroredRefs(parseRemoteRefs(await this.bare.ask(mirror, question, this.request.signal)));
  }

  private async has(mirror: string, oid: string): Promise<boolean> {
    const found = await this.git.text({
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
      await this.git.run({
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
    const counts = await this.bare.ask(mirror, ['count-objects', '-v'], this.request.signal);
    const kilobytes = [...counts.matchAll(/^size(?:-pack)?: (\d+)$/gm)].reduce(
      (sum, [, size]) => sum + Number(size),
      0,
    );
    if (kilobytes * 1024 > this.limits.mirrorBytes) throw cloneProblem('clone_too_large');
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

const fullName = ({ kind, name }: Exclude<CheckoutTarget, { kind: 'commit' }>) =>
  kind === 'branch' ? `refs/heads/${name}` : name;

const same = (own: Refs | null, theirs: Refs): boolean =>
  own?.size === theirs.size && [...theirs].every(([name, oid]) => own.get(name) === oid);
