import type { DiffStat } from '@saas-codex/contracts/diffs';
import { type ChangedFile, type ChangedFileListener, copyOf, type LineCount } from './changed-files.js';

/** A listed file. `lines` is null for a binary file, undefined when the lines were not counted. */
export interface ListedFile extends ChangedFile {
  generated: boolean;
  lines: LineCount | null | undefined;
}

/**
 * Where a page ends: the group of its last file, and the index of that file in git's output. Trees never change, and
 * git always prints their differences in the same order.
 */
export interface PagePosition {
  group: number;
  index: number;
}

export interface PageRange {
  /** null: from the start. */
  after: PagePosition | null;
  maxFiles: number;
  /** Bytes of all names. At least one file is listed. */
  maxBytes: number;
}

/** A file whose lines git did not count, by its place in git's output. */
export interface Uncounted {
  index: number;
  generated: boolean;
}

export interface ChangedFilesPage {
  files: ListedFile[];
  /** Those of them that are not on the page: the first ones, at most `MAX_UNCOUNTED`. */
  uncounted: Uncounted[];
  stat: DiffStat;
  addedFiles: number;
  /** null: no file follows. */
  next: PagePosition | null;
}

/** Files that existed before, new ones, generated ones: what people review is listed before what tools made. */
const CHANGED = 0;
const ADDED = 1;
const GENERATED = 2;
/** A diff may have any number of images. */
const MAX_UNCOUNTED = 1_000;
const GROUPS = [CHANGED, ADDED, GENERATED] as const;

const NO_LINES: LineCount = { additions: 0, deletions: 0 };

interface Group {
  files: { index: number; file: ListedFile }[];
  bytes: number;
  /** How many files of the group follow the start of the page, listed or not. */
  following: number;
  full: boolean;
}

/**
 * Counts all files of a diff while git lists them, and keeps those of one page. However long the list is, this holds at
 * most one page for each group.
 */
export class PageCollector implements ChangedFileListener {
  private readonly groups = GROUPS.map((): Group => ({ files: [], bytes: 0, following: 0, full: false }));
  private readonly byIndex = new Map<number, ListedFile>();
  private readonly stat = { files: 0, additions: 0, deletions: 0 };
  private readonly generated = { files: 0, additions: 0, deletions: 0 };
  private readonly uncounted: Uncounted[] = [];
  private addedFiles = 0;
  private byName: Map<string, ListedFile> | undefined;

  constructor(
    private readonly range: PageRange,
    private readonly isGenerated: (name: Buffer) => boolean,
    /** Then git counts no lines of a file in which only white space has changed. */
    private readonly ignoresWhitespace = false,
  ) {}

  onFile(file: ChangedFile, index: number): void {
    const generated = this.isGenerated(file.name);
    const group = generated ? GENERATED : file.status === 'A' ? ADDED : CHANGED;
    this.stat.files += 1;
    if (generated) this.generated.files += 1;
    if (group === ADDED) this.addedFiles += 1;
    if (isAfter({ group, index }, this.range.after)) this.keep(file, generated, group, index);
  }

  onCounts(name: Buffer, lines: LineCount | null, index: number): void {
    const file = this.ignoresWhitespace ? this.listedFile(name) : this.byIndex.get(index);
    if (file) file.lines = lines;
    if (lines === null) {
      if (this.ignoresWhitespace) return;
      if (this.uncounted.length < MAX_UNCOUNTED)
        this.uncounted.push({ index, generated: this.isGenerated(name) });
      return;
    }
    addLines(this.stat, lines);
    if (this.generated.files > 0 && this.isGenerated(name)) addLines(this.generated, lines);
  }

  /** @param incomplete git was stopped before its end */
  page(incomplete: boolean): ChangedFilesPage {
    const files: ListedFile[] = [];
    let last = this.range.after;
    let bytes = 0;
    for (const group of GROUPS) {
      const { files: found = [], full = false } = this.groups[group] ?? {};
      for (const { file, index } of found) {
        bytes += bytesOf(file);
        if (!this.fits(files.length, bytes)) return this.ended(files, last, incomplete);
        files.push(file);
        last = { group, index };
      }
      if (full) break;
    }
    return this.ended(files, last, incomplete);
  }

  private ended(files: ListedFile[], last: PagePosition | null, incomplete: boolean): ChangedFilesPage {
    const following = this.groups.reduce((sum, group) => sum + group.following, 0);
    const listed = new Set(files);
    if (this.ignoresWhitespace && !incomplete)
      for (const file of files) file.lines = file.lines === undefined ? NO_LINES : file.lines;
    return {
      files,
      uncounted: this.uncounted.filter(({ index }) => {
        const file = this.byIndex.get(index);
        return !file || !listed.has(file);
      }),
      stat: {
        ...this.stat,
        ...(this.generated.files > 0 && { generated: { ...this.generated } }),
        ...(incomplete && { incomplete }),
      },
      addedFiles: this.addedFiles,
      next: following > files.length ? last : null,
    };
  }

  /** Git's counts have the order of its files, but not all of them. */
  private listedFile(name: Buffer): ListedFile | undefined {
    this.byName ??= new Map([...this.byIndex.values()].map((file) => [file.name.toString('latin1'), file]));
    return this.byName.get(name.toString('latin1'));
  }

  private keep(file: ChangedFile, generated: boolean, at: number, index: number): void {
    const group = this.groups[at];
    if (!group) return;
    group.following += 1;
    group.full ||= !this.fits(group.files.length, group.bytes + bytesOf(file));
    if (group.full) return;
    const listed: ListedFile = { ...copyOf(file), generated, lines: undefined };
    group.bytes += bytesOf(file);
    group.files.push({ index, file: listed });
    this.byIndex.set(index, listed);
  }

  private fits(filesBefore: number, bytes: number): boolean {
    const { maxFiles, maxBytes } = this.range;
    return filesBefore < maxFiles && (bytes <= maxBytes || filesBefore === 0);
  }
}

/** About what a listed file takes in memory, besides its names. */
const FILE_BYTES = 800;

const bytesOf = ({ name, oldName }: ChangedFile): number => name.length + (oldName?.length ?? 0);

/** About what a page takes in memory. */
export const bytesOfPage = ({ files }: ChangedFilesPage): number =>
  files.reduce((sum, file) => sum + FILE_BYTES + bytesOf(file), FILE_BYTES);

const isAfter = (file: PagePosition, after: PagePosition | null): boolean =>
  after === null || file.group > after.group || (file.group === after.group && file.index > after.index);

export function addLines(stat: { additions: number; deletions: number }, lines: LineCount): void {
  stat.additions += lines.additions;
  stat.deletions += lines.deletions;
}
