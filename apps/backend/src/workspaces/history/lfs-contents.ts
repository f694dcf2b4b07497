import { createHash } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { DirectoryHandle } from '../storage/directory-handle.js';
import { Storage } from '../storage/storage.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import type { OmittedNames } from './omitted-names.js';
import type { WorkTreeEntry } from './work-tree-names.js';

/** Contents that stand where the repository has a pointer. */
const LfsContent = z.object({
  /** Of the file, as bytes in latin1. */
  name: z.string(),
  /** SHA-256, in hexadecimal. */
  oid: z.string(),
  bytes: z.number(),
  /** In whole milliseconds since 1970. */
  modifiedAt: z.number(),
});
export type LfsContent = z.infer<typeof LfsContent>;

const POINTER = 'version https://git-lfs.github.com/spec/v1\n';
const SLASH = 0x2f;

export const modifiedAt = ({ mtimeMs }: Stats): number => Math.floor(mtimeMs);

/**
 * Checkpoints keep the pointers of files in Git LFS, although their contents are in the work tree. Contents that are not those of
 * the pointer are recorded nowhere, so the file is named as left out.
 */
@Injectable()
export class LfsContents {
  constructor(
    private readonly storage: Storage,
    private readonly limits: WorkspaceLimits,
  ) {}

  /** Remembers what was fetched, before any agent has seen it. */
  async remember(sessionId: string, contents: readonly LfsContent[]): Promise<void> {
    await writeFile(this.pathOf(sessionId), JSON.stringify(contents));
  }

  /**
   * @param omitted is told the names of files with other contents
   * @returns the entries that are to be recorded
   */
  async withoutContents(
    sessionId: string,
    entries: readonly WorkTreeEntry[],
    omitted: OmittedNames,
  ): Promise<readonly WorkTreeEntry[]> {
    const contents = await this.contentsOf(sessionId);
    if (contents.size === 0) return entries;
    const recorded: WorkTreeEntry[] = [];
    const root = await DirectoryHandle.openPath(this.storage.repoPath(sessionId));
    try {
      for (const entry of entries) {
        const content = contents.get(entry.name.toString('latin1'));
        const found = content
          ? await inspect(root, entry.name, content, this.limits.checkpointFileBytes)
          : 'other';
        if (found === 'other') recorded.push(entry);
        else if (found === 'changed') omitted.add(entry.name);
      }
    } finally {
      root.close();
    }
    return recorded;
  }

  private async contentsOf(sessionId: string): Promise<ReadonlyMap<string, LfsContent>> {
    const text = await readFile(this.pathOf(sessionId), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '[]';
      throw error;
    });
    return new Map(
      z
        .array(LfsContent)
        .parse(JSON.parse(text))
        .map((content) => [content.name, content]),
    );
  }

  private pathOf(sessionId: string): string {
    return join(this.storage.historyPath(sessionId), 'lfs-contents.json');
  }
}

/**
 * other: a pointer, or no file. A file that we may not read has changed.
 * @param maxBytes that are read. An agent can make it look again at each checkpoint, so a larger one with another time has changed
 */
async function inspect(
  root: DirectoryHandle,
  name: Buffer,
  content: LfsContent,
  maxBytes: number,
): Promise<'fetched' | 'changed' | 'other'> {
  const slash = name.lastIndexOf(SLASH);
  const folder = slash < 0 ? root : await root.openDescendant(name.subarray(0, slash)).catch(() => null);
  if (folder === null) return 'other';
  try {
    const base = name.subarray(slash + 1);
    const stats = await folder.lstat(base);
    if (!stats?.isFile()) return 'other';
    if (stats.size === content.bytes && modifiedAt(stats) === content.modifiedAt) return 'fetched';
    const isSame = stats.size === content.bytes && content.bytes <= maxBytes;
    const end = isSame ? content.bytes : POINTER.length;
    const { text, oid } = await readStart(await folder.openFile(base), end);
    if (isSame && oid === content.oid) return 'fetched';
    return text === POINTER ? 'other' : 'changed';
  } catch {
    return 'changed';
  } finally {
    if (folder !== root) folder.close();
  }
}

/** @param end bytes that are read at most @returns the hash of these, and as much of their start as a pointer has */
async function readStart(fd: number, end: number): Promise<{ text: string; oid: string }> {
  const hash = createHash('sha256');
  let text = '';
  if (end > 0)
    for await (const chunk of createReadStream('', { fd, start: 0, end: end - 1 }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      if (text.length < POINTER.length) text += chunk.toString('latin1');
    }
  return { text: text.slice(0, POINTER.length), oid: hash.digest('hex') };
}
