import { isUtf8 } from 'node:buffer';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Git, GitFailure } from '../git/git.js';
import { Storage } from '../storage/storage.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import { type ChangedFile, ChangedFileParser, type LineCount } from './changed-files.js';
import { HistoryRepository } from './history-repository.js';
import { readObjects } from './object-batch.js';

/*
 * Texts that git takes for binary data, or for other characters: UTF-16 with a byte order mark, and files for which
 * .gitattributes names a `working-tree-encoding`. Checkpoints have their bytes as they are, so they are decoded to be compared:
 *
 *     .gitattributes of a tree ── git check-attr ──► encoding
 *     both blobs of a file ── decoded as that, or by their byte order mark ──► git fast-import ── git diff ──► hunks, counts
 *                                                                              └── in a scratch repository ──┘
 *
 * The scratch repository has no settings and is removed at once. What an agent writes into .gitattributes is only asked for the
 * name of an encoding, and starts nothing. What is too large or not valid, or has changed its encoding, stays binary data.
 */

const UTF_16 = [
  { mark: [0xff, 0xfe], encoding: 'utf-16le' },
  { mark: [0xfe, 0xff], encoding: 'utf-16be' },
];
const ATTRIBUTE = 'working-tree-encoding';
/** Values of an attribute that are no encoding. */
const NO_VALUE = new Set(['unspecified', 'unset', 'set']);
const ATTRIBUTES_FILE = '.gitattributes';
const ATTRIBUTES_BYTES = 1024 * 1024;
/** Patterns of an agent may take very long to match. */
const ATTRIBUTES_MS = 5_000;
const COMMITTER = 'committer saas-codex <saas-codex@localhost> 0 +0000\ndata 0\n';
const NO_OBJECT = /^0+$/;
const REGULAR = /^(100|000)/;

/** Both sides of a file in UTF-8. */
interface Texts {
  before: Buffer;
  after: Buffer;
}

interface Scratch {
  gitDir: string;
  workTree: string;
}

@Injectable()
export class EncodedTexts {
  constructor(
    private readonly history: HistoryRepository,
    private readonly git: Git,
    private readonly storage: Storage,
    private readonly limits: WorkspaceLimits,
  ) {}

  /**
   * The encodings that .gitattributes of the tree names for these files.
   * @returns by file; without those for which none is named
   */
  async declaredEncodings<F extends ChangedFile>(
    sessionId: string,
    tree: string,
    files: readonly F[],
  ): Promise<Map<F, string>> {
    try {
      const attributes = await this.readAttributes(sessionId, tree, files);
      if (!attributes.some(({ text }) => text.includes(ATTRIBUTE))) return new Map();
      const values = await this.inScratch(sessionId, (scratch) => this.ask(scratch, attributes, files));
      return new Map(
        files.flatMap((file, index) => {
          const value = values[index];
          return value === undefined || NO_VALUE.has(value) ? [] : [[file, value] as const];
        }),
      );
    } catch (error) {
      // A path that fits into the work tree may be too long in the scratch folder.
      const tooLong = (error as NodeJS.ErrnoException).code === 'ENAMETOOLONG';
      if (tooLong || error instanceof GitFailure) return new Map();
      throw error;
    }
  }

  /**
   * The lines that have changed in those of the files that are encoded texts.
   * @param declared encodings of some of them; the others have a byte order mark or are left out
   */
  async countLines<F extends ChangedFile>(
    sessionId: string,
    files: readonly F[],
    declared: ReadonlyMap<F, string>,
  ): Promise<Map<F, LineCount>> {
    const counts = new Map<F, LineCount>();
    const texts = await this.decode(sessionId, files, declared);
    if (texts.size === 0) return counts;
    const decoded = [...texts.keys()];
    await this.compare(sessionId, [...texts.values()], async (gitDir) => {
      const parser = new ChangedFileParser({
        onFile: () => undefined,
        onCounts: (name, count) => {
          const file = decoded[Number(name.toString('latin1'))];
          if (file && count) counts.set(file, count);
        },
      });
      await this.git.runCommand({
        args: ['diff-tree', '-r', '-z', '--numstat', 'refs/heads/before', 'refs/heads/after', '--'],
        cwd: gitDir,
        gitDir,
        timeoutMs: this.limits.diffMs,
        onStdout: (chunk) => parser.push(chunk),
      });
    });
    return counts;
  }

  /** What git prints as the difference of an encoded text. @returns null for any other file */
  async diff(
    sessionId: string,
    file: ChangedFile,
    declared: string | undefined,
    options: readonly string[],
  ): Promise<{ stdout: Buffer; truncated: boolean } | null> {
    const encodings = new Map(declared === undefined ? [] : [[file, declared]]);
    const [texts] = (await this.decode(sessionId, [file], encodings)).values();
    if (!texts) return null;
    return this.compare(sessionId, [texts], (gitDir) =>
      this.git.runCommand({
        args: ['diff', ...options, 'refs/heads/before', 'refs/heads/after', '--'],
        cwd: gitDir,
        gitDir,
        timeoutMs: this.limits.diffMs,
        maxOutputBytes: this.limits.patchBytes,
        truncate: true,
      }),
    );
  }

  private async readAttributes(
    sessionId: string,
    tree: string,
    files: readonly ChangedFile[],
  ): Promise<{ folder: string; text: string }[]> {
    const folders = [...new Set(files.flatMap(({ name }) => foldersOf(name)))];
    const names = folders.map((folder) => `${tree}:${folder}${ATTRIBUTES_FILE}`);
    const found = await readObjects(this.history, sessionId, names, ATTRIBUTES_BYTES);
    return folders.flatMap((folder, index) => {
      const text = found[index]?.toString('latin1');
      return text === undefined ? [] : [{ folder, text }];
    });
  }

  /** @returns the attribute's value for each file */
  private async ask(
    { gitDir, workTree }: Scratch,
    attributes: readonly { folder: string; text: string }[],
    files: readonly ChangedFile[],
  ): Promise<(string | undefined)[]> {
    for (const { folder, text } of attributes) {
      const path = (name: string) => Buffer.from(`${workTree}/${folder}${name}`, 'latin1');
      await mkdir(path(''), { recursive: true });
      await writeFile(path(ATTRIBUTES_FILE), text, 'latin1');
    }
    const { stdout } = await this.git.runCommand({
      args: ['check-attr', '-z', '--stdin', ATTRIBUTE],
      cwd: workTree,
      gitDir,
      workTree,
      timeoutMs: ATTRIBUTES_MS,
      input: Buffer.concat(files.flatMap(({ name }) => [name, Buffer.of(0)])),
    });
    const fields = stdout.toString('latin1').split('\0');
    return files.map((_, index) => fields[3 * index + 2]);
  }

  /** Small files first, as long as they are not too much together. */
  private async decode<F extends ChangedFile>(
    sessionId: string,
    files: readonly F[],
    declared: ReadonlyMap<F, string>,
  ): Promise<Map<F, Texts>> {
    const texts = new Map<F, Texts>();
    const candidates = files.filter(({ oldMode, newMode }) => REGULAR.test(oldMode) && REGULAR.test(newMode));
    if (candidates.length === 0) return texts;
    const sizes = await this.sizesOf(sessionId, candidates);
    const sizeOf = ({ oldOid, newOid }: F) => (sizes.get(oldOid) ?? 0) + (sizes.get(newOid) ?? 0);
    let bytes = 0;
    const read = candidates
      .toSorted((a, b) => sizeOf(a) - sizeOf(b))
      .filter((file) => (bytes += sizeOf(file)) <= this.limits.decodedBytes);
    const oids = read.flatMap(({ oldOid, newOid }) => [oldOid, newOid]);
    const blobs = await readObjects(this.history, sessionId, oids, 2 * this.limits.decodedBytes);
    for (const [index, file] of read.entries()) {
      const [before, after] = [blobs[2 * index] ?? null, blobs[2 * index + 1] ?? null];
      const decoded = decodePair(before, after, declared.get(file));
      if (decoded) texts.set(file, decoded);
    }
    return texts;
  }

  private async sizesOf(sessionId: string, files: readonly ChangedFile[]): Promise<Map<string, number>> {
    const oids = files
      .flatMap(({ oldOid, newOid }) => [oldOid, newOid])
      .filter((oid) => !NO_OBJECT.test(oid));
    const { stdout } = await this.history.runOnObjects(sessionId, ['cat-file', '--batch-check'], {
      input: oids.map((oid) => `${oid}\n`).join(''),
    });
    const lines = stdout.toString('latin1').matchAll(/^([0-9a-f]{40}) blob (\d+)$/gm);
    return new Map([...lines].map(([, oid = '', size]) => [oid, Number(size)]));
  }

  /** Gives `work` a repository whose branches `before` and `after` have the texts, in files named by their numbers. */
  private compare<T>(
    sessionId: string,
    texts: readonly Texts[],
    work: (gitDir: string) => Promise<T>,
  ): Promise<T> {
    return this.inScratch(sessionId, async ({ gitDir }) => {
      const commit = (branch: 'before' | 'after') => [
        Buffer.from(`commit refs/heads/${branch}\n${COMMITTER}`),
        ...texts.flatMap(({ [branch]: text }, index) => [
          Buffer.from(`M 100644 inline ${String(index).padStart(6, '0')}\ndata ${text.length}\n`),
          text,
          Buffer.from('\n'),
        ]),
      ];
      const input = Buffer.concat([...commit('before'), ...commit('after')]);
      const args = ['fast-import', '--quiet'] as const;
      await this.git.runCommand({ args, cwd: gitDir, gitDir, input, timeoutMs: this.limits.localMs });
      return work(gitDir);
    });
  }

  private async inScratch<T>(sessionId: string, work: (scratch: Scratch) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(this.storage.historyPath(sessionId), 'scratch-'));
    const [gitDir, workTree] = [join(folder, 'git'), join(folder, 'work')];
    try {
      // All that git wants of a repository.
      for (const path of [join(gitDir, 'objects'), join(gitDir, 'refs'), workTree])
        await mkdir(path, { recursive: true });
      await writeFile(join(gitDir, 'HEAD'), 'ref: refs/heads/after\n');
      return await work({ gitDir, workTree });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** The folders that a file is in, each with a slash at its end, as latin1. Without those that are no folders of a work tree. */
function foldersOf(name: Buffer): string[] {
  const parts = name.toString('latin1').split('/').slice(0, -1);
  if (parts.some((part) => part === '' || part.includes('\n') || /^\.{1,2}$|^\.git$/i.test(part))) return [];
  return ['', ...parts.map((_, index) => `${parts.slice(0, index + 1).join('/')}/`)];
}

/**
 * Both sides of a file in UTF-8.
 * @param before null: there was no file
 * @returns null when they are not texts in one encoding, or the same text
 */
function decodePair(before: Buffer | null, after: Buffer | null, declared: string | undefined): Texts | null {
  const sides = [before, after].filter((side) => side !== null);
  const encodings = new Set(sides.map((side) => markOf(side) ?? declared));
  const [encoding] = encodings;
  if (encodings.size !== 1 || encoding === undefined) return null;
  const [old, now] = [before, after].map((side) =>
    side === null ? Buffer.alloc(0) : decode(side, encoding),
  );
  return !old || !now || old.equals(now) ? null : { before: old, after: now };
}

const markOf = (bytes: Buffer): string | undefined =>
  UTF_16.find(({ mark }) => mark.every((byte, index) => bytes[index] === byte))?.encoding;

/** @returns null when the encoding is not known here, or the bytes are not valid in it */
function decode(bytes: Buffer, encoding: string): Buffer | null {
  try {
    const text = Buffer.from(new TextDecoder(encoding, { fatal: true }).decode(bytes));
    return isUtf8(text) ? text : null;
  } catch {
    return null;
  }
}
