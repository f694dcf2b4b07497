import { randomUUID } from 'node:crypto';
import { access, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { LOCK, Locks } from '../../database/locks.js';
import { removePartialPacks } from '../git/bare-repository.js';
import { Git, type GitCommand, GitFailure, type GitOutput } from '../git/git.js';
import { replaceFile } from '../storage/replace-file.js';
import { Storage } from '../storage/storage.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import type { OmittedNames } from './omitted-names.js';
import { pathText } from './path-text.js';
import { answerWaitingPipes } from './waiting-pipes.js';

export const EMPTY_BLOB = 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391';

/**
 * A work tree influences git by more than the contents of its files: `.gitattributes` can choose filters, text
 * conversions, encodings and diff drivers. `info/attributes` of `history.git` overrides all of them, for every path:
 * there are none. So files are recorded byte for byte, and no attribute selects a program. (git rejects
 * `-working-tree-encoding`, so that one is set to unspecified instead.)
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
  // A merge moves no file into another folder on a guess.
  'merge.directoryRenames=false',
];
const SPEED = ['core.looseCompression=1', 'pack.compression=1', 'core.preloadIndex=true'];

/** Of an entry that is not there. */
const NO_MODE = '000000';

/** A file of a tree. */
export interface TreeEntry {
  /** `000000`: there is none. */
  mode: string;
  oid: string;
  /** As bytes in latin1. */
  path: string;
}

export interface TreeIndex {
  /** @returns the tree, with this and all earlier changes */
  change(entries: readonly TreeEntry[]): Promise<string>;
}

const OmittedFiles = z.array(z.string());

/**
 * `history.git`, the trusted git directory of each session. Agents write the work tree but never this.
 *
 *     refs/checkpoints/<tree>   the checkpoints of this session
 *     omitted/<tree>.json       what a checkpoint left out
 *     submodules                names of the base commit's submodules, each followed by NUL
 *     fetched-submodules.json   what their files were when they were fetched
 *     lfs-contents.json         contents that stand where the repository has a pointer of Git LFS
 *     objects/                  and those that it borrows from the mirror
 */
@Injectable()
export class HistoryRepository {
  /** By session: aborts when this process loses the lock under which it is writing. */
  private readonly writing = new Map<string, AbortSignal>();

  constructor(
    private readonly git: Git,
    private readonly locks: Locks,
    private readonly storage: Storage,
    private readonly limits: WorkspaceLimits,
  ) {}

  async createHistory(sessionId: string): Promise<void> {
    const path = this.storage.historyPath(sessionId);
    await this.git.createBareRepository(path);
    await mkdir(join(path, 'info'), { recursive: true });
    await writeFile(join(path, 'info', 'attributes'), ATTRIBUTES);
    await this.runOnObjects(sessionId, ['hash-object', '-w', '--no-filters', '/dev/null']);
  }

  /** Borrows the objects of a mirror, as the agent's clone does. */
  async borrowObjects(sessionId: string, mirror: string): Promise<void> {
    const objects = join(this.storage.historyPath(sessionId), 'objects');
    await replaceFile(join(objects, 'info', 'alternates'), `${join(mirror, 'objects')}\n`);
  }

  /** The mirror whose objects it borrows; null: none. */
  async lenderOf(sessionId: string): Promise<string | null> {
    const file = join(this.storage.historyPath(sessionId), 'objects', 'info', 'alternates');
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    return text === null ? null : dirname(text.trim());
  }

  /** Copies what a checkpoint of another session holds, and nothing else of it. Both borrow from the same mirror. */
  async copyTree(from: string, to: string, tree: string): Promise<void> {
    const target = join(this.storage.historyPath(to), 'objects', 'pack', 'pack');
    const options = ['-q', '--local', '--non-empty', '--revs'];
    await this.runOnObjects(from, ['pack-objects', ...options, target], { input: `${tree}\n` });
  }

  /**
   * Copies the index of a clone that no agent has seen yet. It says what each file is, so the files that git has just
   * written need not be read again.
   */
  async adoptIndex(sessionId: string): Promise<void> {
    const clone = join(this.storage.repoPath(sessionId), '.git');
    await copyFile(join(clone, 'index'), join(this.storage.historyPath(sessionId), 'index'));
  }

  /** Runs git on the recorded objects and the index only. It reads no file of the work tree. */
  runOnObjects(
    sessionId: string,
    args: GitCommand['args'],
    options: Partial<GitCommand> = {},
  ): Promise<GitOutput> {
    const path = this.storage.historyPath(sessionId);
    return this.git.runCommand({ ...this.common(), ...options, args, cwd: path, gitDir: path });
  }

  /** The id of a commit's tree. */
  treeOf(sessionId: string, commit: string): Promise<string> {
    return this.read(sessionId, ['rev-parse', `${commit}^{tree}`]);
  }

  /** @param range such as `<before>..<after>` */
  async countCommits(sessionId: string, range: string): Promise<number> {
    return Number(await this.read(sessionId, ['rev-list', '--count', range]));
  }

  /** As `runOnObjects`, for git that writes: within `withHistoryLock` only, and killed when the lock is lost. */
  writeObjects(
    sessionId: string,
    args: GitCommand['args'],
    options: Partial<GitCommand> = {},
  ): Promise<GitOutput> {
    return this.runOnObjects(sessionId, args, { ...options, signal: this.lockSignal(sessionId) });
  }

  /** Makes trees of another one, in an index of their own. Within `withHistoryLock`. */
  async withIndex<T>(sessionId: string, tree: string, work: (index: TreeIndex) => Promise<T>): Promise<T> {
    const path = join(this.storage.historyPath(sessionId), `index-${randomUUID()}`);
    const env = { GIT_INDEX_FILE: path };
    try {
      await this.writeObjects(sessionId, ['read-tree', tree], { env });
      return await work({
        change: async (entries) => {
          // What is gone makes room for what comes.
          const gone = entries.filter(({ mode }) => mode === NO_MODE);
          const there = entries.filter(({ mode }) => mode !== NO_MODE);
          const lines = [...gone.map((entry) => ({ ...entry, mode: '0' })), ...there];
          const text = lines.map(({ mode, oid, path: name }) => `${mode} ${oid}\t${name}\0`).join('');
          const input = Buffer.from(text, 'latin1');
          await this.writeObjects(sessionId, ['update-index', '-z', '--index-info'], { env, input });
          const { stdout } = await this.writeObjects(sessionId, ['write-tree'], { env });
          return stdout.toString('latin1').trim();
        },
      });
    } finally {
      await rm(path, { force: true });
    }
  }

  private async read(sessionId: string, args: GitCommand['args']): Promise<string> {
    return (await this.runOnObjects(sessionId, args)).stdout.toString('latin1').trim();
  }

  /**
   * Runs git on the work tree, within `withHistoryLock`. Only commands that start no other program belong here: `status`,
   * `diff`, `add` and `commit` start another git inside every submodule, which obeys the submodule's configuration. And
   * only commands that record no contents: git opens files by path, and an agent decides where a path leads while git looks.
   */
  async runOnWorkTree(
    sessionId: string,
    args: GitCommand['args'],
    options: Pick<GitCommand, 'maxOutputBytes' | 'truncate'> = {},
  ): Promise<GitOutput> {
    const workTree = this.storage.repoPath(sessionId);
    const [done, tooManyPipes] = [new AbortController(), new AbortController()];
    const { pipesEveryMs: everyMs, pipes: maxPipes } = this.limits;
    const search = { everyMs, maxPipes, onTooMany: () => tooManyPipes.abort() };
    void answerWaitingPipes(workTree, search, done.signal);
    try {
      const gitDir = this.storage.historyPath(sessionId);
      const signal = AbortSignal.any([this.lockSignal(sessionId), tooManyPipes.signal]);
      const places = { cwd: workTree, gitDir, workTree };
      return await this.git.runCommand({ ...this.common(), ...options, ...places, args, signal });
    } catch (error) {
      if (!tooManyPipes.signal.aborted) throw error;
      throw new GitFailure('timeout', args[0], null, `waits for more than ${maxPipes} named pipes`);
    } finally {
      done.abort();
    }
  }

  /** Lets one caller write at a time, and removes the lock and partial packs that a killed git left behind. */
  withHistoryLock<T>(sessionId: string, work: () => Promise<T>): Promise<T> {
    const path = this.storage.historyPath(sessionId);
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

  /**
   * Makes a tree a checkpoint of the session, for ever. To be called with the history's lock.
   * @param omitted what the checkpoint leaves out
   */
  async saveCheckpoint(sessionId: string, tree: string, omitted: OmittedNames): Promise<void> {
    await this.saveOmittedFiles(sessionId, tree, omitted.names);
    if (await this.hasCheckpoint(sessionId, tree)) return;
    const input = `start\nupdate ${checkpointRef(tree)} ${tree}\ncommit\n`;
    await this.writeObjects(sessionId, ['update-ref', '--stdin'], { input });
  }

  /** True when the tree is a checkpoint of this very session. */
  async hasCheckpoint(sessionId: string, tree: string): Promise<boolean> {
    const path = join(this.storage.historyPath(sessionId), checkpointRef(tree));
    return access(path).then(
      () => true,
      () => false,
    );
  }

  /** Paths that the checkpoint leaves out. */
  async omittedFiles(sessionId: string, tree: string): Promise<string[]> {
    const file = this.omittedPath(sessionId, tree);
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '[]';
      throw error;
    });
    return OmittedFiles.parse(JSON.parse(text));
  }

  private async saveOmittedFiles(sessionId: string, tree: string, names: readonly Buffer[]): Promise<void> {
    const file = this.omittedPath(sessionId, tree);
    if (names.length === 0) return rm(file, { force: true });
    await mkdir(dirname(file), { recursive: true });
    await replaceFile(file, JSON.stringify(names.map(pathText)));
  }

  private omittedPath(sessionId: string, tree: string): string {
    return join(this.storage.historyPath(sessionId), 'omitted', `${tree}.json`);
  }

  private lockSignal(sessionId: string): AbortSignal {
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
