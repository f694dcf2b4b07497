import { closeSync, fstatSync, read } from 'node:fs';
import { promisify } from 'node:util';
import { Injectable } from '@nestjs/common';
import { AgentHead } from '@saas-codex/contracts/rewinds';
import { DirectoryHandle } from '../storage/directory-handle.js';
import { Storage } from '../storage/storage.js';
import { isUnreadable } from '../storage/tree-walk.js';

/** A clone lists all branches of its remote there. */
const MAX_BYTES = 16 * 1024 * 1024;
const SYMBOLIC = /^ref: (refs\/heads\/\S+)\n?$/;
const readInto = promisify(read);

/**
 * Reads where the agent's own repository is, so that it can be put back there: HEAD, and its branch. Only these files are read,
 * without following links, and git never runs on them. What cannot be read is not put back.
 *
 *     .git/HEAD ── ref: refs/heads/main ──► .git/refs/heads/main, or its line in .git/packed-refs
 */
@Injectable()
export class AgentHeads {
  constructor(private readonly storage: Storage) {}

  /** null: it is not known, say because the agent has changed how its repository is kept. */
  async readHead(sessionId: string): Promise<AgentHead | null> {
    try {
      const root = await DirectoryHandle.openPath(this.storage.repoPath(sessionId));
      try {
        return await headIn(root);
      } finally {
        root.close();
      }
    } catch (error) {
      if (isUnreadable(error)) return null;
      throw error;
    }
  }
}

async function headIn(root: DirectoryHandle): Promise<AgentHead | null> {
  const head = await readText(root, '.git', 'HEAD');
  if (head === null) return null;
  const ref = SYMBOLIC.exec(head)?.[1] ?? null;
  const commit = ref === null ? head : await commitOf(root, ref);
  return AgentHead.safeParse({ ref, commit: commit?.trim() }).data ?? null;
}

async function commitOf(root: DirectoryHandle, ref: string): Promise<string | null> {
  const slash = ref.lastIndexOf('/');
  const loose = await readText(root, `.git/${ref.slice(0, slash)}`, ref.slice(slash + 1));
  if (loose !== null) return loose;
  const packed = (await readText(root, '.git', 'packed-refs')) ?? '';
  return (
    packed
      .split('\n')
      .find((line) => line.endsWith(` ${ref}`))
      ?.split(' ')[0] ?? null
  );
}

/** @returns null when there is no such regular file */
async function readText(root: DirectoryHandle, folder: string, name: string): Promise<string | null> {
  const parent = await root.openDescendant(Buffer.from(folder));
  if (parent === null) return null;
  try {
    const file = Buffer.from(name);
    if ((await parent.lstat(file))?.isFile() !== true) return null;
    const descriptor = await parent.openFile(file);
    try {
      const { size } = fstatSync(descriptor);
      if (size > MAX_BYTES) return null;
      const bytes = Buffer.alloc(size);
      const { bytesRead } = await readInto(descriptor, bytes, 0, size, 0);
      return bytes.toString('utf8', 0, bytesRead);
    } finally {
      closeSync(descriptor);
    }
  } finally {
    parent.close();
  }
}
