import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { WorkspacePaths } from '../workspace-paths.js';
import { pathText } from './path-text.js';

/** More are not told. */
const MAX_PATHS = 200;
const Paths = z.array(z.string());

/**
 * What a checkpoint had to leave out, because it is too large or not ours to read: a list beside the trees in
 * history.git, so that a diff can say what it does not show.
 */
@Injectable()
export class OmittedFiles {
  constructor(private readonly paths: WorkspacePaths) {}

  /** For whoever writes to the session's history. */
  async record(sessionId: string, tree: string, names: readonly Buffer[]): Promise<void> {
    const file = this.file(sessionId, tree);
    if (names.length === 0) return rm(file, { force: true });
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify(names.slice(0, MAX_PATHS).map(pathText)));
  }

  async of(sessionId: string, tree: string): Promise<string[]> {
    const text = await readFile(this.file(sessionId, tree), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '[]';
      throw error;
    });
    return Paths.parse(JSON.parse(text));
  }

  private file(sessionId: string, tree: string): string {
    return join(this.paths.history(sessionId), 'omitted', `${tree}.json`);
  }
}
