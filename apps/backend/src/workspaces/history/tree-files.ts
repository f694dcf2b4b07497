import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { FileContent, FileEntry, Files } from '@saas-codex/contracts/files';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { GitOutput } from '../git/git.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import { wholeLines } from './file-patch.js';
import { fieldsOf } from './git-fields.js';
import { HistoryRepository } from './history-repository.js';
import { pathOfText, pathText } from './path-text.js';

/** A checkpoint of a session. */
export interface TreeOfSession {
  sessionId: string;
  tree: string;
}

/** Which part of a folder. */
export interface FolderPage {
  folder?: string | undefined;
  cursor?: string | undefined;
  limit: number;
}

interface Entry {
  name: Buffer;
  kind: FileEntry['kind'];
  oid: string;
  bytes: number | null;
}

/** A file or link. */
type Blob = Entry & { bytes: number };

const ENTRY = /^(\d{6}) (\w+) ([0-9a-f]{40}) +(-|\d+)$/;
const KINDS: Partial<Record<string, Entry['kind']>> = {
  '040000': 'folder',
  '120000': 'link',
  '160000': 'submodule',
};
const TAB = 9;
const SLASH = 0x2f;
/** Git looks for a NUL in as much of a file to tell binary files apart. */
const LOOKED_AT = 8_000;

/**
 * Reads the files of a checkpoint from `history.git`. A link is what it says, and never followed.
 *
 *     path ── cat-file ──► tree of its folder ── ls-tree ──► entries ──► its kind and blob ── cat-file ──► content
 *
 * Names are bytes, and not all bytes can be arguments of a program. So git gets them on its standard input only.
 */
@Injectable()
export class TreeFiles {
  constructor(
    private readonly history: HistoryRepository,
    private readonly limits: WorkspaceLimits,
  ) {}

  /** @throws ProblemError file_not_found, invalid_cursor */
  async list({ sessionId, tree }: TreeOfSession, { folder, cursor, limit }: FolderPage): Promise<Files> {
    const path = folder === undefined ? Buffer.alloc(0) : bytesOf(folder);
    const oid = await this.folderAt(sessionId, tree, path);
    const { entries, truncated } = await this.entriesOf(sessionId, oid);
    const start = cursor === undefined ? 0 : positionOf(cursor, oid);
    const end = start + limit;
    return {
      at: tree,
      items: entries.slice(start, end).map(({ name, kind, bytes }) => ({
        path: pathText(path.length === 0 ? name : Buffer.concat([path, Buffer.of(SLASH), name])),
        kind,
        bytes,
      })),
      ...(truncated && { incomplete: true }),
      next_cursor: end < entries.length ? `${oid.slice(0, 16)}.${end}` : null,
    };
  }

  /** @throws ProblemError file_not_found */
  async read(from: TreeOfSession, path: string): Promise<FileContent> {
    const { kind, bytes, oid } = await this.blobAt(from, path);
    const maxOutputBytes = this.limits.patchBytes;
    const output = await this.history.runOnObjects(from.sessionId, ['cat-file', 'blob', oid], {
      maxOutputBytes,
      truncate: true,
    });
    return { at: from.tree, path, kind, bytes, text: textOf(output), truncated: output.truncated };
  }

  /**
   * The bytes of a file.
   * @throws ProblemError file_not_found; download_too_large when it is larger than `maxBytes`
   */
  async bytes(from: TreeOfSession, path: string, maxBytes: number): Promise<Buffer> {
    const { bytes, oid } = await this.blobAt(from, path);
    if (bytes > maxBytes)
      throw new ProblemError(
        'download_too_large',
        `Of this file at most ${Math.floor(maxBytes / 1024 / 1024)} MB can be read. Ask Codex to split it.`,
      );
    const maxOutputBytes = maxBytes + 1;
    const { stdout } = await this.history.runOnObjects(from.sessionId, ['cat-file', 'blob', oid], {
      maxOutputBytes,
    });
    return stdout;
  }

  /** @throws ProblemError as `bytes` */
  async download(from: TreeOfSession, path: string): Promise<Readable> {
    return Readable.from([await this.bytes(from, path, this.limits.checkpointFileBytes)]);
  }

  /** @throws ProblemError file_not_found */
  private async blobAt({ sessionId, tree }: TreeOfSession, path: string): Promise<Blob> {
    const name = bytesOf(path);
    const slash = name.lastIndexOf(SLASH);
    const folder = await this.folderAt(sessionId, tree, name.subarray(0, Math.max(slash, 0)));
    const { entries } = await this.entriesOf(sessionId, folder);
    const entry = entries.find((one) => one.name.equals(name.subarray(slash + 1)));
    if (!entry || entry.bytes === null) throw notFound();
    return { ...entry, bytes: entry.bytes };
  }

  /** @returns the id of the folder's tree. @throws ProblemError file_not_found */
  private async folderAt(sessionId: string, tree: string, folder: Buffer): Promise<string> {
    if (folder.length === 0) return tree;
    const { stdout } = await this.history.runOnObjects(sessionId, ['cat-file', '--batch-check', '-z'], {
      input: Buffer.concat([Buffer.from(`${tree}:`), folder, Buffer.of(0)]),
    });
    const [, oid] = /^([0-9a-f]{40}) tree \d+\n$/.exec(stdout.toString('latin1')) ?? [];
    if (oid === undefined) throw notFound();
    return oid;
  }

  /** Folders first, each by name. */
  private async entriesOf(
    sessionId: string,
    folder: string,
  ): Promise<{ entries: Entry[]; truncated: boolean }> {
    const { stdout, truncated } = await this.history.runOnObjects(
      sessionId,
      ['ls-tree', '-z', '-l', folder],
      {
        maxOutputBytes: this.limits.pathListBytes,
        truncate: true,
      },
    );
    const entries: Entry[] = [];
    for (const field of fieldsOf(stdout)) {
      const tab = field.indexOf(TAB);
      const [, mode = '', , oid = '', size] = ENTRY.exec(field.toString('latin1', 0, tab)) ?? [];
      const name = field.subarray(tab + 1);
      entries.push({ name, kind: KINDS[mode] ?? 'file', oid, bytes: size === '-' ? null : Number(size) });
    }
    const isFolder = ({ kind }: Entry) => kind === 'folder';
    return { entries: [...entries.filter(isFolder), ...entries.filter((one) => !isFolder(one))], truncated };
  }
}

/** @returns null for a binary file */
function textOf({ stdout, truncated }: GitOutput): string | null {
  if (stdout.subarray(0, LOOKED_AT).includes(0)) return null;
  const text = stdout.toString('utf8');
  return truncated ? wholeLines(text) : text;
}

/** @throws ProblemError file_not_found */
function bytesOf(path: string): Buffer {
  const bytes = pathOfText(path);
  // Git reads these as something else than names: `./` as the folder that it is called in.
  if (!bytes || bytes.includes(0) || /(^|\/)(\.{0,2})(\/|$)/.test(bytes.toString('latin1'))) throw notFound();
  return bytes;
}

function positionOf(cursor: string, folder: string): number {
  const [of, position] = cursor.split('.');
  if (of === folder.slice(0, 16)) return Number(position);
  throw new ProblemError('invalid_cursor', 'This cursor is of another folder. Start again without it.');
}

const notFound = () =>
  new ProblemError(
    'file_not_found',
    'There is no such file at this point of the session. Load the list again.',
  );
