import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { allSettled } from '@saas-codex/service-kit/all-settled';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { RepoAddress } from '../addresses/address-checker.js';
import { type ReadOptions, readObjectBytes, readRefs, removePartialPacks } from '../git/bare-repository.js';
import { type Git, type GitCommand, GitFailure } from '../git/git.js';
import { type GitAccess, transportTo } from '../git/transport.js';
import type { WorkspaceLimits } from '../workspace-limits.js';
import { cloneProblem, isRedirect, RedirectedClone } from './clone-problems.js';
import { type OnCloneProgress, progressReader } from './clone-progress.js';
import { readRedirectTarget, TRACE_HEADERS } from './redirect-target.js';
import {
  type CommitTarget,
  fullName,
  mirroredRefs,
  refNotFound,
  RemoteListing,
  type RemoteRefs,
} from './remote-refs.js';

export interface MirrorRequest {
  address: RepoAddress;
  ref: string | null;
  onProgress: OnCloneProgress;
  signal?: AbortSignal;
  /** Bytes that may be fetched at most, below what the installation allows. By default no limit. */
  maxBytes?: number;
  /** null: the repository is public, or nobody has a credential for it. */
  access: GitAccess | null;
}

/** The first answer of the older protocol lists them; the newer protocol takes another request. */
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
  /** Bytes that came, packed. */
  fetchedBytes = 0;

  constructor(
    private readonly git: Git,
    private readonly limits: WorkspaceLimits,
    private readonly request: MirrorRequest,
    private readonly folder: string,
    /** File of certificate authorities, in PEM. null: the system's. */
    private readonly certificates: string | null,
  ) {}

  /** @throws GitFailure; ProblemError clone_too_large */
  async listRemote(): Promise<RemoteRefs> {
    this.request.onProgress({ phase: 'resolving', percent: null });
    const { config = [], ...command } = this.remoteCommand(this.limits.resolveMs);
    const listing = new RemoteListing(this.request.ref, this.limits.mirrorRefs);
    let bytes = 0;
    const listRefs = {
      ...command,
      config: [...config, ONE_ROUND_TRIP],
      args: ['ls-remote', '--symref', '--', this.request.address.url],
      cwd: this.folder,
    } as const;
    const run = this.git.runCommand({
      ...listRefs,
      onStdout: (chunk) => {
        bytes += chunk.length;
        if (bytes > this.limits.listingBytes) throw cloneProblem('clone_too_large');
        listing.add(chunk);
      },
    });
    await run.catch(async (error: unknown) => {
      throw isRedirect(error) ? await this.findRedirect(listRefs, error) : error;
    });
    return listing.end();
  }

  /** Asks once more to see where the redirect leads, since git's own message does not say it. */
  private async findRedirect(listRefs: GitCommand, error: unknown): Promise<unknown> {
    const env = { ...listRefs.env, ...TRACE_HEADERS };
    const again = await this.git
      .runCommand({ ...listRefs, env, truncate: true })
      .catch((failure: unknown) => failure);
    const trace = again instanceof GitFailure ? again.stderr : '';
    const target = readRedirectTarget(trace, this.request.address);
    return target === null ? error : new RedirectedClone(target);
  }

  /**
   * The branch on which work in a repository without commits starts, as its HEAD says. Only a clone learns that, so a clone
   * is made, of as little as possible in case there are commits by now.
   * @returns null: HEAD names no branch
   * @throws GitFailure
   */
  async readUnbornBranch(): Promise<string | null> {
    const folder = await mkdtemp(join(this.folder, 'empty-'));
    try {
      const command = this.remoteCommand(this.limits.resolveMs);
      const options = [
        '--progress',
        '--bare',
        '--template=',
        '--depth=1',
        '--filter=tree:0',
        '--single-branch',
      ];
      const args = ['clone', ...options, '--', this.request.address.url, folder] as const;
      await this.receive({ ...command, args, cwd: this.folder }, this.limits.emptyBytes, () => undefined);
      const head = await readFile(join(folder, 'HEAD'), 'utf8');
      return /^ref: refs\/heads\/(.+)$/m.exec(head)?.[1] ?? null;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
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

  /**
   * Fetches what the mirror lacks, and removes what the remote has no more. Every ref is asked for by its name, so that a
   * remote that lists more of them meanwhile cannot fill the disk.
   * @throws GitFailure; ProblemError clone_too_large, disk_quota_exceeded, ref_not_found
   */
  async fetchMissing(mirror: string, { remote, known, target }: WantedState): Promise<void> {
    const theirs = mirroredRefs(remote, target);
    // Another request may have fetched since.
    if (!isCurrent(known, theirs, remote.complete)) {
      const own = await readRefs(mirror, this.readOptions);
      if (remote.complete)
        await this.removeRefs(
          mirror,
          [...own.keys()].filter((name) => !theirs.has(name)),
        );
      const missing = [...theirs].filter(([name, oid]) => own.get(name) !== oid);
      if (missing.length > 0)
        await this.fetch(
          mirror,
          missing.map(([name]) => `+${name}:${name}`),
        );
    }
    if (!theirs.has(fullName(target) ?? '')) await this.fetchTarget(mirror, target);
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
    const { stdout } = await this.local(mirror, ['cat-file', '--batch-check'], `${oid}^{commit}\n`);
    return / commit \d+$/.test(stdout.toString('utf8').trim());
  }

  private async removeRefs(mirror: string, names: string[]): Promise<void> {
    if (names.length > 0)
      await this.local(
        mirror,
        ['update-ref', '-z', '--stdin'],
        names.map((name) => `delete ${name}\0\0`).join(''),
      );
  }

  private async fetch(mirror: string, refspecs: string[]): Promise<void> {
    this.request.onProgress({ phase: 'fetching', percent: 0 });
    await removePartialPacks(mirror);
    const before = await readObjectBytes(mirror, this.readOptions);
    const fixed = [
      '--progress',
      '--no-tags',
      '--no-write-fetch-head',
      '--no-auto-maintenance',
      '--no-recurse-submodules',
      // A remote may itself be a shallow clone. Its history ends where the remote's does.
      '--update-shallow',
      '--stdin',
    ];
    await this.receive(
      {
        ...this.remoteCommand(this.limits.fetchMs),
        args: ['fetch', ...fixed, '--', this.request.address.url],
        input: `${refspecs.join('\n')}\n`,
        cwd: mirror,
        gitDir: mirror,
      },
      this.maxBytes,
      (percent) => this.request.onProgress({ phase: 'fetching', percent }),
    );
    // One file instead of a file for each of them.
    await this.local(mirror, ['pack-refs', '--all']);
    const after = await this.checkSize(mirror);
    // git does not report the size of a fetch that takes less than a moment.
    if (after - before > this.maxBytes) throw this.tooLarge();
    this.fetchedBytes += after - before;
  }

  /** Runs a command that receives objects, up to so many bytes. */
  private async receive(
    command: GitCommand,
    maxBytes: number,
    onPercent: (percent: number) => void,
  ): Promise<void> {
    const tooLarge = new AbortController();
    const onStderr = progressReader(({ percent, received }) => {
      onPercent(percent);
      if (received > maxBytes) tooLarge.abort();
    });
    const signal = AbortSignal.any([tooLarge.signal, ...(command.signal ? [command.signal] : [])]);
    try {
      await this.git.runCommand({ ...command, signal, onStderr });
    } catch (error) {
      throw tooLarge.signal.aborted ? this.tooLarge() : error;
    }
  }

  /** @returns bytes of its objects @throws ProblemError clone_too_large */
  private async checkSize(mirror: string): Promise<number> {
    const bytes = await readObjectBytes(mirror, this.readOptions);
    if (bytes > this.limits.mirrorBytes) throw cloneProblem('clone_too_large');
    return bytes;
  }

  /** What the mirror already had has been counted. */
  private get maxBytes(): number {
    return Math.min(this.limits.mirrorBytes, this.request.maxBytes ?? Infinity);
  }

  private tooLarge(): ProblemError {
    return cloneProblem(this.maxBytes < this.limits.mirrorBytes ? 'disk_quota_exceeded' : 'clone_too_large');
  }

  private local(mirror: string, args: GitCommand['args'], input?: string) {
    const { timeoutMs, signal } = this.readOptions;
    const given = input === undefined ? {} : { input };
    return this.git.runCommand({ args, cwd: mirror, gitDir: mirror, timeoutMs, signal, ...given });
  }

  private get readOptions(): ReadOptions {
    return { timeoutMs: this.limits.localMs, signal: this.request.signal };
  }

  private remoteCommand(
    timeoutMs: number,
  ): Pick<GitCommand, 'timeoutMs' | 'signal' | 'protocols' | 'config' | 'env'> {
    return {
      ...transportTo(this.request.address, {
        knownHosts: join(this.folder, 'known_hosts'),
        certificates: this.certificates,
        access: this.request.access,
      }),
      timeoutMs,
      signal: this.request.signal,
    };
  }
}

/** Whether a remote's ref vanished between its listing and its fetch. */
export const isRefGone = (error: unknown): boolean =>
  error instanceof GitFailure && /couldn't find remote ref/.test(error.stderr);

const isCurrent = (own: Refs | null, theirs: Refs, complete: boolean): boolean =>
  own !== null &&
  (!complete || own.size === theirs.size) &&
  [...theirs].every(([name, oid]) => own.get(name) === oid);
