import { Injectable } from '@nestjs/common';
import { HistoryRepository } from '../history/history-repository.js';

/** What a pointer stands for. */
export interface LfsObject {
  /** SHA-256 of the contents, in hexadecimal. */
  oid: string;
  /** Bytes. */
  size: number;
}

export interface LfsFile extends LfsObject {
  name: Buffer;
  executable: boolean;
}

/** A pointer is shorter. */
const POINTER_BYTES = 1024;
const STAGED = /^(100644|100755) ([0-9a-f]{40}) 0\t([^]*)$/;
const POINTER =
  /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n(?:[^\n]*\n)*?oid sha256:([0-9a-f]{64})\nsize (\d{1,15})\n$/;
const HEADER = /^[0-9a-f]+ blob (\d+)$/;

/** Finds the pointers among files whose attributes say that Git LFS has their contents. */
@Injectable()
export class LfsPointers {
  constructor(private readonly history: HistoryRepository) {}

  /**
   * @param staged lines of `ls-files --stage -z`
   * @param maxFiles that are looked at
   * @returns those that are pointers, and the names that were not looked at. Other files are as the repository has them
   */
  async read(
    sessionId: string,
    staged: Buffer,
    maxFiles: number,
  ): Promise<{ files: LfsFile[]; beyond: Buffer[] }> {
    const entries = fieldsOf(staged).flatMap((line) => {
      const [, mode, blob, name] = STAGED.exec(line) ?? [];
      return blob && name ? [{ blob, name: Buffer.from(name, 'latin1'), executable: mode === '100755' }] : [];
    });
    const looked = entries.slice(0, maxFiles);
    const objects = await this.readBlobs(sessionId, [...new Set(looked.map(({ blob }) => blob))]);
    const files = looked.flatMap(({ blob, ...file }) => {
      const object = objects.get(blob);
      return object ? [{ ...file, ...object }] : [];
    });
    return { files, beyond: entries.slice(maxFiles).map(({ name }) => name) };
  }

  private async readBlobs(sessionId: string, blobs: readonly string[]): Promise<Map<string, LfsObject>> {
    const small = await this.smallOnes(sessionId, blobs);
    const found = new Map<string, LfsObject>();
    if (small.length === 0) return found;
    const { stdout } = await this.history.runOnObjects(sessionId, ['cat-file', '--batch'], {
      input: small.join('\n') + '\n',
      maxOutputBytes: small.length * (POINTER_BYTES + 100),
    });
    let start = 0;
    for (const blob of small) {
      const end = stdout.indexOf(0x0a, start);
      const size = Number(HEADER.exec(stdout.toString('latin1', start, end))?.[1] ?? 0);
      const [, oid, bytes] = POINTER.exec(stdout.toString('latin1', end + 1, end + 1 + size)) ?? [];
      if (oid) found.set(blob, { oid, size: Number(bytes) });
      start = end + 1 + size + 1;
    }
    return found;
  }

  private async smallOnes(sessionId: string, blobs: readonly string[]): Promise<string[]> {
    if (blobs.length === 0) return [];
    const { stdout } = await this.history.runOnObjects(
      sessionId,
      ['cat-file', '--batch-check=%(objectname) %(objectsize)'],
      { input: blobs.join('\n') + '\n', maxOutputBytes: blobs.length * 100 },
    );
    return stdout
      .toString('latin1')
      .split('\n')
      .map((line) => line.split(' '))
      .flatMap(([blob = '', size]) => (Number(size) < POINTER_BYTES && blob !== '' ? [blob] : []));
  }
}

const fieldsOf = (output: Buffer) => output.toString('latin1').split('\0').filter(Boolean);
