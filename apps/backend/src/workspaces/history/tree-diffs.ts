import { Injectable } from '@nestjs/common';
import type { Diff, DiffFile, DiffStat, FilePatch } from '@saas-codex/contracts/diffs';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { GitFailure, type GitOutput } from '../git/git.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import {
  type ChangedFilesPage,
  type ListedFile,
  PageCollector,
  type PagePosition,
  type PageRange,
} from './changed-files-page.js';
import { type ChangedFile, type ChangedFileListener, ChangedFileParser, copyOf } from './changed-files.js';
import { EncodedCounts } from './encoded-counts.js';
import { EncodedTexts } from './encoded-texts.js';
import { hunksOf, isBinary, patchHeader, submoduleHunk, wholeLines } from './file-patch.js';
import { isGenerated } from './generated-files.js';
import { EMPTY_BLOB, HistoryRepository } from './history-repository.js';
import { PageCache } from './page-cache.js';
import { pathText } from './path-text.js';

/** Two trees of a session, and how they are compared. */
export interface Comparison {
  sessionId: string;
  from: string;
  to: string;
  /** Lines that differ in white space only are the same. */
  ignoresWhitespace?: boolean | undefined;
  /** Only files of which a changed line contains this text, in any case. */
  text?: string | undefined;
}

/** Which part of a diff's list. */
export interface DiffPage {
  cursor?: string | undefined;
  limit?: number | undefined;
}

/** No external programs, colours or abbreviations. Renames as people expect them, at a bounded cost. */
export const PLAIN = ['--no-ext-diff', '--no-textconv', '--no-color', '--full-index', '--submodule=short'];
export const RENAMES = ['--find-renames', '-l400'];
const NO_MODE = '000000';

/**
 * Compares two checkpoints.
 *
 *     git diff-tree ── chunks ──► ChangedFileParser ── files ──► PageCollector: counts all, keeps one page ──► PageCache
 *        └─ stopped after 256 MB or 20 s: the diff is marked incomplete
 *
 * A run can change hundreds of thousands of files, so a list is never held whole. Trees never change, so the pages that
 * were read last are cached, as many as `diffCacheBytes` allows.
 */
@Injectable()
export class TreeDiffs {
  private readonly pages: PageCache;
  private readonly counts: EncodedCounts;

  constructor(
    private readonly history: HistoryRepository,
    private readonly texts: EncodedTexts,
    private readonly limits: WorkspaceLimits,
  ) {
    this.pages = new PageCache(limits);
    this.counts = new EncodedCounts(texts);
  }

  async diffStat(comparison: Comparison): Promise<DiffStat> {
    const { stat } = await this.readPage(comparison, { after: null, maxFiles: 0, maxBytes: 0 });
    return stat;
  }

  /** @throws ProblemError invalid_cursor */
  async diff(comparison: Comparison, { cursor, limit }: DiffPage = {}): Promise<Diff> {
    const { sessionId, from, to } = comparison;
    const page = await this.readPage(comparison, {
      after: cursor === undefined ? null : positionOf(cursor, comparison),
      maxFiles: Math.min(limit ?? this.limits.diffFiles, this.limits.diffFiles),
      maxBytes: this.limits.diffPageBytes,
    });
    return {
      from,
      to,
      stat: page.stat,
      files: page.files.map(toDiffFile),
      truncated: page.next !== null || page.stat.incomplete === true,
      next_cursor: page.next && cursorOf(page.next, comparison),
      added_files: page.addedFiles,
      omitted: await this.history.omittedFiles(sessionId, to),
    };
  }

  /** @throws ProblemError file_not_found */
  async filePatch(comparison: Comparison, path: string): Promise<FilePatch> {
    const file = await this.fileAt(comparison, path);
    const patch = await this.hunks(comparison, file);
    if (patch === null) return { path, patch: '', truncated: false };
    return { path, patch: patchHeader(file) + patch.hunks, truncated: patch.truncated };
  }

  /** @throws ProblemError file_not_found */
  async fileAt(comparison: Comparison, path: string): Promise<ChangedFile> {
    const file = this.pages.findFile(keyOf(comparison), path) ?? (await this.findFile(comparison, path));
    if (file) return file;
    throw new ProblemError(
      'file_not_found',
      'This file is not part of these changes. Load the list of changes again.',
    );
  }

  /** Of these files those that were renamed, by their old path. */
  async findRenamed(comparison: Comparison, paths: ReadonlySet<string>): Promise<Map<string, ChangedFile>> {
    const renamed = new Map<string, ChangedFile>();
    const onFile = (file: ChangedFile) => {
      const path = file.oldName && pathText(file.oldName);
      if (path !== null && paths.has(path)) renamed.set(path, copyOf(file));
    };
    await this.compare(comparison, ['--raw'], { onFile });
    return renamed;
  }

  /** @returns null for a binary file */
  private async hunks(comparison: Comparison, file: ChangedFile): Promise<Hunks | null> {
    const { sessionId } = comparison;
    const submodule = submoduleHunk(file);
    if (submodule !== null) return { hunks: submodule, truncated: false };
    if (file.oldOid === file.newOid) return { hunks: '', truncated: false };
    const encoding = (await this.counts.declaredEncodings(comparison, [file])).get(file);
    const asIs = async () =>
      readHunks(
        await this.history.runOnObjects(
          sessionId,
          ['diff', ...optionsOf(comparison), blob(file.oldOid), blob(file.newOid), '--'],
          { maxOutputBytes: this.limits.patchBytes, truncate: true },
        ),
      );
    const plain = encoding === undefined ? await asIs() : null;
    if (plain) return plain;
    const decoded = await this.texts.diff(sessionId, file, encoding, optionsOf(comparison));
    if (decoded) return readHunks(decoded);
    return encoding === undefined ? null : asIs();
  }

  private readPage(comparison: Comparison, range: PageRange): Promise<ChangedFilesPage> {
    return this.pages.get(keyOf(comparison), JSON.stringify(range), async () => {
      const collector = new PageCollector(range, isGenerated, comparison.ignoresWhitespace);
      const incomplete = await this.compare(comparison, ['--raw', '--numstat'], collector);
      const page = collector.page(incomplete);
      await this.counts.countPage(comparison, page);
      if (page.uncounted.length > 0) await this.countElsewhere(comparison, page);
      return page;
    });
  }

  /** Counts the encoded texts that are not on the page. It takes a look of its own at what git lists, which kept none of them. */
  private async countElsewhere(comparison: Comparison, page: ChangedFilesPage): Promise<void> {
    const uncounted = new Map(page.uncounted.map(({ index, generated }) => [index, generated]));
    const files = new Map<ChangedFile, { generated: boolean }>();
    const onFile = (file: ChangedFile, index: number) => {
      const generated = uncounted.get(index);
      if (generated !== undefined) files.set(copyOf(file), { generated });
    };
    await this.compare(comparison, ['--raw'], { onFile });
    await this.counts.addToTotals(comparison, files, page.stat);
  }

  private async findFile(comparison: Comparison, path: string): Promise<ChangedFile | null> {
    let found: ChangedFile | null = null;
    const finished = new AbortController();
    const onFile = (file: ChangedFile) => {
      if (found || pathText(file.name) !== path) return;
      found = copyOf(file);
      finished.abort();
    };
    await this.compare(comparison, ['--raw'], { onFile }, finished);
    return found;
  }

  /**
   * @param stop ends the comparison early
   * @returns true when git was stopped before it had printed everything
   */
  private async compare(
    comparison: Comparison,
    formats: readonly string[],
    listener: ChangedFileListener,
    stop = new AbortController(),
  ): Promise<boolean> {
    const { sessionId, from, to } = comparison;
    if (from === to) return false;
    const parser = new ChangedFileParser(listener);
    let bytes = 0;
    try {
      await this.history.runOnObjects(
        sessionId,
        ['diff-tree', '-r', '-z', ...formats, ...optionsOf(comparison), ...RENAMES, from, to, '--'],
        {
          timeoutMs: this.limits.diffMs,
          signal: stop.signal,
          onStdout: (chunk) => {
            parser.push(chunk);
            bytes += chunk.length;
            if (bytes > this.limits.diffBytes) stop.abort();
          },
        },
      );
      return false;
    } catch (error) {
      const stopped = error instanceof GitFailure && (error.kind === 'timeout' || error.kind === 'aborted');
      if (stopped && bytes > 0) return true;
      throw error;
    }
  }
}

interface Hunks {
  hunks: string;
  truncated: boolean;
}

/** @returns null when git says that the sides are binary files */
function readHunks({ stdout, truncated }: GitOutput): Hunks | null {
  const output = stdout.toString('utf8');
  if (isBinary(output)) return null;
  const hunks = hunksOf(output);
  return { hunks: truncated ? wholeLines(hunks) : hunks, truncated };
}

const keyOf = (comparison: Comparison) =>
  JSON.stringify([comparison.sessionId, comparison.from, comparison.to, ...optionsOf(comparison)]);

function optionsOf({ ignoresWhitespace, text }: Comparison): string[] {
  const containing = text === undefined ? [] : ['-i', `-G${literal(text)}`];
  return [...PLAIN, ...(ignoresWhitespace ? ['--ignore-all-space'] : []), ...containing];
}

/** A text as a regular expression of git. */
const literal = (text: string) => text.replace(/[.[\]{}()*+?|^$\\]/g, '\\$&');

/** A file that does not exist on one side is compared with an empty one. */
const blob = (oid: string) => (/^0+$/.test(oid) ? EMPTY_BLOB : oid);

/** Names the trees, since a position means another file in another diff. */
const cursorOf = ({ group, index }: PagePosition, { from, to }: Comparison) =>
  `${from.slice(0, 16)}.${to.slice(0, 16)}.${group}.${index}`;

function positionOf(cursor: string, comparison: Comparison): PagePosition {
  const [, group, index] = /\.(\d)\.(\d{1,9})$/.exec(cursor) ?? [];
  const position = { group: Number(group), index: Number(index) };
  if (cursor === cursorOf(position, comparison)) return position;
  throw new ProblemError(
    'invalid_cursor',
    'The cursor belongs to another diff. Pass the `from` and `to` of the answer that it came with.',
  );
}

const STATUS: Record<string, DiffFile['status']> = {
  A: 'added',
  D: 'deleted',
  R: 'renamed',
  T: 'type_changed',
};

const toDiffFile = (file: ListedFile): DiffFile => ({
  path: pathText(file.name),
  old_path: file.oldName && pathText(file.oldName),
  status: STATUS[file.status] ?? 'modified',
  ...(file.oldMode !== NO_MODE && { old_mode: file.oldMode }),
  ...(file.newMode !== NO_MODE && { new_mode: file.newMode, content_id: file.newOid }),
  additions: file.lines?.additions ?? null,
  deletions: file.lines?.deletions ?? null,
  binary: file.lines === null,
  generated: file.generated,
});
