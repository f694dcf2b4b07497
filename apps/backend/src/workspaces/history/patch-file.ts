import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { Storage } from '../storage/storage.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import { type Comparison, TreeDiffs } from './tree-diffs.js';

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
    file: FileHandle,
    comparison: Comparison,
    { path, head }: PatchChoice,
  ): Promise<number> {
    let bytes = 0;
    const write = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > this.limits.patchFileBytes) throw tooLarge(this.limits.patchFileBytes);
      for (let done = 0; done < chunk.length;) done += writeSync(file.fd, chunk, done);
    };
    await this.diffs.writePatch(comparison, path, (chunk) => {
      if (bytes === 0) write(Buffer.from(head));
      write(chunk);
    });
    return bytes;
  }
}

const tooLarge = (bytes: number) =>
  new ProblemError(
    'download_too_large',
    `A patch has at most ${Math.floor(bytes / 1024 / 1024)} MB. Take that of a single run, or of a single file.`,
  );
