import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { Storage } from '../storage/storage.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import type { ChangedFile } from './changed-files.js';
import { HistoryRepository } from './history-repository.js';
import { type Comparison, PLAIN, RENAMES, TreeDiffs } from './tree-diffs.js';

/** Which patch. */
export interface PatchChoice {
  /** Of one file; undefined: of all. */
  path?: string | undefined;
  /** What stands before the patch. A patch without changes has no head either. */
  head: string;
}

/**
 * A whole patch, binary files included, that git can apply.
 *
 * It is written to a file first, and sent when it is complete: a patch that was cut between two files would apply without a
 * complaint. The file has no name, so it is gone when its reader is done or this process ends.
 */
@Injectable()
export class PatchFile {
  constructor(
    private readonly diffs: TreeDiffs,
    private readonly history: HistoryRepository,
    private readonly storage: Storage,
    private readonly limits: WorkspaceLimits,
  ) {}

  /** @throws ProblemError file_not_found when `path` is not part of the diff; download_too_large */
  async write(comparison: Comparison, { path, head }: PatchChoice): Promise<Readable> {
    const name = join(this.storage.historyPath(comparison.sessionId), `patch-${randomUUID()}`);
    const file = await open(name, 'wx+', 0o600);
    try {
      await rm(name);
      const bytes = await this.writeTo(file, comparison, { path, head });
      if (bytes > 0) return file.createReadStream({ start: 0 });
    } catch (error) {
      await file.close();
      throw error;
    }
    await file.close();
    return Readable.from([]);
  }

  /** @returns the bytes that it wrote */
  private async writeTo(
    target: FileHandle,
    comparison: Comparison,
    { path, head }: PatchChoice,
  ): Promise<number> {
    let bytes = 0;
    const write = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > this.limits.patchFileBytes) throw tooLarge(this.limits.patchFileBytes);
      for (let done = 0; done < chunk.length;) done += writeSync(target.fd, chunk, done);
    };
    const { sessionId, from, to } = comparison;
    const file = path === undefined ? null : await this.diffs.fileAt(comparison, path);
    const options = ['-r', '-p', '--binary', ...PLAIN, ...RENAMES];
    await this.history.runOnObjects(
      sessionId,
      ['diff-tree', ...options, from, to, '--', ...pathspecs(file)],
      {
        timeoutMs: this.limits.diffMs,
        onStdout: (chunk) => {
          if (bytes === 0) write(Buffer.from(head));
          write(chunk);
        },
      },
    );
    return bytes;
  }
}

const tooLarge = (bytes: number) =>
  new ProblemError(
    'download_too_large',
    `A patch has at most ${Math.floor(bytes / 1024 / 1024)} MB. Take that of a single run, or of a single file.`,
  );

/** @throws ProblemError file_not_found: Node cannot pass such a name to git */
function pathspecs(file: ChangedFile | null): string[] {
  const names = file === null ? [] : [file.name, ...(file.oldName ? [file.oldName] : [])];
  if (names.every((name) => isUtf8(name))) return names.map((name) => `:(top,literal)${name.toString()}`);
  throw new ProblemError(
    'file_not_found',
    'The name of this file is not UTF-8, so it has no patch of its own. Take the patch of all files.',
  );
}
