import { Injectable } from '@nestjs/common';
import type { HunkRange } from '@saas-codex/contracts/edits';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { HistoryRepository } from './history-repository.js';
import { blocksIn, withoutBlocks } from './line-blocks.js';
import { readObjects } from './object-batch.js';
import { pathOfText } from './path-text.js';
import { type Comparison, TreeDiffs } from './tree-diffs.js';
import { TreeEdits, type TreeEntry } from './tree-edits.js';

/** A file as a person wants it. */
export interface WrittenFile {
  path: string;
  /** null: removed. */
  content: string | null;
}

const NO_MODE = '000000';
const FILE_MODE = '100644';
/** Of both sides of a file whose hunks are reverted. Git finds no lines in files that are larger. */
const MAX_TEXT_BYTES = 40 * 1024 * 1024;
const FORBIDDEN_PART = /^(?:|\.|\.\.|\.git)$/i;

/** Makes trees in which one file is another: as it was before a change, with some hunks of it taken back, or written anew. */
@Injectable()
export class FileEdits {
  constructor(
    private readonly history: HistoryRepository,
    private readonly diffs: TreeDiffs,
    private readonly edits: TreeEdits,
  ) {}

  /**
   * @param hunks left out: the whole file, its name and its mode
   * @throws ProblemError file_not_found, hunk_not_found, edit_conflict
   */
  async revertFile(comparison: Comparison, path: string, hunks?: readonly HunkRange[]): Promise<string> {
    const { sessionId, to } = comparison;
    const file = await this.diffs.fileAt(comparison, path);
    const before = entryOf(file.oldMode, file.oldOid);
    const now = entryOf(file.newMode, file.newOid);
    if (hunks !== undefined && before !== null && now !== null) {
      const oid = await this.withoutHunks(sessionId, before.oid, now.oid, hunks);
      return this.edits.replaceEntries(sessionId, to, [{ name: file.name, entry: { ...now, oid } }]);
    }
    const moved = file.oldName === null ? [] : [{ name: file.name, entry: null }];
    const back = { name: file.oldName ?? file.name, entry: before };
    return this.edits.replaceEntries(sessionId, to, [...moved, back]);
  }

  /** @throws ProblemError invalid_request when there can be no such file; edit_conflict */
  async writeFile(sessionId: string, tree: string, { path, content }: WrittenFile): Promise<string> {
    const name = pathOfText(path);
    if (name === null || name.includes(0)) throw invalid('is no path');
    if (
      name
        .toString('latin1')
        .split('/')
        .some((part) => FORBIDDEN_PART.test(part))
    )
      throw invalid('leads to a place that git does not record');
    if ((await this.edits.obstacleAbove(sessionId, tree, name)) !== null)
      throw invalid('leads through a file, a link or a submodule');
    const now = await this.edits.entryAt(sessionId, tree, name);
    if (now !== null && !now.mode.startsWith('100')) throw invalid('is a folder, a link or a submodule');
    if (content === null)
      return now === null ? tree : this.edits.replaceEntries(sessionId, tree, [{ name, entry: null }]);
    const oid = await this.edits.writeBlob(sessionId, Buffer.from(content));
    const entry: TreeEntry = { mode: now?.mode ?? FILE_MODE, oid };
    return this.edits.replaceEntries(sessionId, tree, [{ name, entry }]);
  }

  /** @returns the id of a blob */
  private async withoutHunks(
    sessionId: string,
    before: string,
    now: string,
    ranges: readonly HunkRange[],
  ): Promise<string> {
    const blocks = blocksIn(await this.edits.blocks(sessionId, before, now), ranges);
    if (blocks.length === 0) throw new ProblemError('hunk_not_found', NO_LINES);
    const texts = await readObjects(this.history, sessionId, [before, now], MAX_TEXT_BYTES);
    const [old, current] = texts.map((text) => text?.toString('latin1') ?? '');
    const text = withoutBlocks(old ?? '', current ?? '', blocks);
    return this.edits.writeBlob(sessionId, Buffer.from(text, 'latin1'));
  }
}

const entryOf = (mode: string, oid: string): TreeEntry | null => (mode === NO_MODE ? null : { mode, oid });

const invalid = (message: string) =>
  new ProblemError('invalid_request', `The path ${message}. Choose another one.`, {
    errors: [{ path: '/path', message }],
  });

const NO_LINES =
  'This diff changed no lines in that range, or the file is binary. Load the changes again, or revert the whole file.';
