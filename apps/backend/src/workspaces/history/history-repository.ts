import { access, copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { LOCK, Locks } from '../../database/locks.js';
import { removePartialPacks } from '../git/partial-packs.js';
import { BareGit } from '../git/bare-git.js';
import { Git, type GitCommand, type GitOutput } from '../git/git.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import { WorkspacePaths } from '../workspace-paths.js';
import { answerWaitingPipes } from './waiting-pipes.js';

export const EMPTY_BLOB = 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391';

/**
 * `history.git`: the trusted git directory of a session. The agent writes the work tree but never this.
 *
 * A work tree speaks to git through more than its files: `.gitattributes` can choose filters, text conversions,
 * encodings and diff drivers. `info/attributes` here has the last word over all of them and says: none, for every
 * path. So files are recorded byte for byte, and no attribute selects a program. (`-working-tree-encoding` is an
 * error to git: that one is unspecified instead.)
 */
const ATTRIBUTES =
  '* -text -crlf -ident -filter !eol !working-tree-encoding !diff !merge !whitespace !conflict-marker-size\n';

/** A path with a backslash is a plain name here; symbolic links and modes are real. */
const SETTINGS = [
  'core.protectNTFS=false',
  'core.protectHFS=false',
  'core.symlinks=true',
  'core.fileMode=true',
  'core.autocrlf=false',
];
const SPEED = ['core.looseCompression=1', 'pack.compression=1', 'core.preloadIndex=true'];

@Injectable()
export class HistoryRepository {
  /** By session: aborts when this process loses the lock under which it is writing. */
  private readonly writing = new Map<string, AbortSignal>();

  constructor(
    private readonly git: Git,
    private readonly bare: BareGit,
    private readonly locks: Locks,
    private readonly paths: WorkspacePaths,
    private readonly limits: WorkspaceLimits,
  ) {}

  async init(sessionId: string): Promise<void> {
    const path = this.paths.history(sessionId);
    await this.bare.init(path);
    await mkdir(join(path, 'info'), { recursive: true });
    await writeFile(join(path, 'info', 'attributes'), ATTRIBUTES);
    await this.read(sessionId, ['hash-object', '-w', '--no-filters', '/dev/null']);
  }

  /** The objects of a mirror, which the clone borrows, too. */
  async borrow(sessionId: string, mirror: string): Promise<void> {
    const objects = join(this.paths.history(sessionId), 'objects');
    await writeFile(join(objects, 'info', 'alternates'), `${join(mirror, 'objects')}\n`);
  }

  /**
   * Takes over the index of a clone that no agent has seen yet: what git has just written need not be read again to know what
   * it is.
   */
  async adoptIndex(sessionId: string): Promise<void> {
    const clone = join(this.paths.repo(sessionId), '.git');
    await copyFile(join(clone, 'index'), join(this.paths.history(sessionId), 'index'));
  }

  /** Runs git on what is recorded only: no file of the work tree is looked at. */
  read(sessionId: string, args: GitCommand['args'], options: Partial<GitCommand> = {}): Promise<GitOutput> {
    const path = this.paths.history(sessionId);
    return this.git.run({ ...this.common(), ...options, args, cwd: path, gitDir: path });
  }

  /** As `read`, for git that writes: only within `exclusively`, and ended when the lock is lost. */
  write(sessionId: string, args: GitCommand['args'], options: Partial<GitCommand> = {}): Promise<GitOutput> {
    return this.read(sessionId, args, { ...options, signal: this.lockOf(sessionId) });
  }

  /**
   * Runs git on the work tree, within `exclusively`. Only what starts no other program belongs here: `status`, `diff`, `add` and `commit`
   * start a git of its own inside every submodule, and that one obeys the submodule's configuration. And only what
   * records no content: git goes by names, and an agent decides where these lead while git looks.
   */
  async onWorkTree(sessionId: string, args: GitCommand['args']): Promise<GitOutput> {
    const workTree = this.paths.repo(sessionId);
    const done = new AbortController();
    void answerWaitingPipes(workTree, this.limits.pipesEveryMs, done.signal);
    try {
      const gitDir = this.paths.history(sessionId);
      const signal = this.lockOf(sessionId);
      return await this.git.run({ ...this.common(), args, cwd: workTree, gitDir, workTree, signal });
    } finally {
      done.abort();
    }
  }

  /** Lets one writer in at a time. What a killed git left there, a lock or half a pack, belongs to nobody. */
  exclusively<T>(sessionId: string, work: () => Promise<T>): Promise<T> {
    const path = this.paths.history(sessionId);
    return this.locks.withLock(LOCK.history(sessionId), async (signal) => {
      this.writing.set(sessionId, signal);
      try {
        await rm(join(path, 'index.lock'), { force: true });
        await removePartialPacks(path);
        return await work();
      } finally {
        this.writing.delete(sessionId);
      }
    });
  }

  /** Keeps a tree for ever, and makes it one that `knows` answers true for. */
  async keep(sessionId: string, tree: string): Promise<void> {
    if (await this.knows(sessionId, tree)) return;
    const input = `start\nupdate ${checkpointRef(tree)} ${tree}\ncommit\n`;
    await this.write(sessionId, ['update-ref', '--stdin'], { input });
  }

  /** True when the tree is a checkpoint of this very session. */
  async knows(sessionId: string, tree: string): Promise<boolean> {
    const path = join(this.paths.history(sessionId), checkpointRef(tree));
    return access(path).then(
      () => true,
      () => false,
    );
  }

  private lockOf(sessionId: string): AbortSignal {
    const signal = this.writing.get(sessionId);
    if (!signal) throw new Error(`history.git of session ${sessionId} is written without its lock`);
    return signal;
  }

  private common(): Pick<GitCommand, 'config' | 'timeoutMs'> {
    return { config: [...SETTINGS, ...SPEED], timeoutMs: this.limits.localMs };
  }
}

/** @throws when `tree` is not a full object id */
function checkpointRef(tree: string): string {
  if (!/^[0-9a-f]{40}$/.test(tree)) throw new Error('A tree id has 40 hexadecimal digits.');
  return `refs/checkpoints/${tree}`;
}
