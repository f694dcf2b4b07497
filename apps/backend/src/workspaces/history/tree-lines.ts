import { Injectable } from '@nestjs/common';
import { findLines, type LineAnchor, takeLines, textLines } from './line-search.js';
import { describeObjects, type ObjectInfo, readObjects } from './object-batch.js';
import { HistoryRepository } from './history-repository.js';
import { pathOfText, pathText } from './path-text.js';
import { TreeDiffs } from './tree-diffs.js';

/** Lines of a file of a checkpoint, from 1. */
export interface LineRange {
  tree: string;
  path: string;
  firstLine: number;
  lastLine: number;
}

export interface LineSearch {
  anchor: LineAnchor;
  /** The checkpoint to look in. */
  tree: string;
}

/** Where lines are. `unknown`: it would have cost too much to find out. */
export type LinePlace = { path: string; firstLine: number } | 'gone' | 'unknown';

/** Of one file. */
const MAX_FILE_BYTES = 2 * 1024 * 1024;
/** Of the files that are held at the same time, and of all that one call reads. */
const MAX_BATCH_BYTES = 8 * 1024 * 1024;
const MAX_TOTAL_BYTES = 32 * 1024 * 1024;
/** Pairs of trees that one call compares for files that were renamed. */
const MAX_COMPARISONS = 5;

interface Candidate {
  index: number;
  search: LineSearch;
  path: string;
  object: ObjectInfo;
}

/**
 * Finds lines of one checkpoint in others.
 *
 *     the file is the same ──► the same place
 *     it has changed ────────► the same lines in it, wherever they are now
 *     it is not there ───────► the file that git takes for the renamed one
 */
@Injectable()
export class TreeLines {
  constructor(
    private readonly history: HistoryRepository,
    private readonly diffs: TreeDiffs,
  ) {}

  /** @returns null when the file does not have all of these lines, or is no text of up to 2 MB */
  async read(sessionId: string, { tree, path, ...range }: LineRange): Promise<LineAnchor | null> {
    const object = (await this.describe(sessionId, [{ tree, path }])).get(keyOf(tree, path));
    if (!object || object.bytes > MAX_FILE_BYTES) return null;
    const [content] = await readObjects(this.history, sessionId, [object.id], object.bytes);
    const lines = content ? textLines(content) : null;
    const taken = lines && takeLines(lines, range.firstLine, range.lastLine);
    return taken && { tree, path, ...taken };
  }

  /** @returns where the lines of each search are, in the same order */
  async find(sessionId: string, searches: readonly LineSearch[]): Promise<LinePlace[]> {
    const files = searches.flatMap(({ anchor, tree }) => [anchor, { tree, path: anchor.path }]);
    const objects = await this.describe(sessionId, files);
    const found: LinePlace[] = searches.map(() => 'gone');
    const [changed, missing]: [Candidate[], number[]] = [[], []];
    for (const [index, search] of searches.entries()) {
      const { anchor, tree } = search;
      const { path, firstLine } = anchor;
      const object = objects.get(keyOf(tree, path));
      if (!object) missing.push(index);
      else if (object.id === objects.get(keyOf(anchor.tree, path))?.id) found[index] = { path, firstLine };
      else changed.push({ index, search, path, object });
    }
    changed.push(...(await this.findRenamed(sessionId, searches, missing, found)));
    await this.findInFiles(sessionId, changed, found);
    return found;
  }

  /** The files that have taken the place of those that are missing. Marks in `found` what was not looked for. */
  private async findRenamed(
    sessionId: string,
    searches: readonly LineSearch[],
    missing: readonly number[],
    found: LinePlace[],
  ): Promise<Candidate[]> {
    const pairs = new Map<string, { from: string; to: string; indexes: number[] }>();
    for (const index of missing) {
      const search = searches[index];
      if (!search || pathOfText(search.anchor.path) === null) continue;
      const { tree: from } = search.anchor;
      const pair = pairs.get(`${from} ${search.tree}`) ?? { from, to: search.tree, indexes: [] };
      pairs.set(`${from} ${search.tree}`, pair);
      pair.indexes.push(index);
    }
    const candidates: Candidate[] = [];
    for (const [count, { from, to, indexes }] of [...pairs.values()].entries()) {
      if (count >= MAX_COMPARISONS) {
        for (const index of indexes) found[index] = 'unknown';
        continue;
      }
      const paths = new Set(indexes.map((index) => searches[index]?.anchor.path ?? ''));
      const renamed = await this.diffs.findRenamed({ sessionId, from, to }, paths);
      const ids = [...renamed.values()].map(({ newOid }) => newOid);
      const objects = await describeObjects(this.history, sessionId, ids);
      const byPath = new Map([...renamed.keys()].map((path, at) => [path, objects[at]]));
      for (const index of indexes) {
        const search = searches[index];
        const file = search && renamed.get(search.anchor.path);
        const object = search && byPath.get(search.anchor.path);
        if (file && object) candidates.push({ index, search, path: pathText(file.name), object });
      }
    }
    return candidates;
  }

  private async findInFiles(
    sessionId: string,
    candidates: readonly Candidate[],
    found: LinePlace[],
  ): Promise<void> {
    const byObject = new Map<string, Candidate[]>();
    for (const one of candidates) byObject.set(one.object.id, [...(byObject.get(one.object.id) ?? []), one]);
    let total = 0;
    let batch: Candidate[][] = [];
    let batchBytes = 0;
    const flush = async () => {
      const ids = batch.map(([first]) => first?.object.id ?? '');
      const contents = await readObjects(this.history, sessionId, ids, batchBytes);
      for (const [at, group] of batch.entries()) {
        const content = contents[at];
        const lines = content ? textLines(content) : null;
        for (const { index, search, path } of group) {
          const firstLine = lines && findLines(lines, search.anchor);
          found[index] = firstLine === null ? 'gone' : { path, firstLine };
        }
      }
      [batch, batchBytes] = [[], 0];
    };
    for (const group of byObject.values()) {
      const bytes = group[0]?.object.bytes ?? 0;
      if (bytes > MAX_FILE_BYTES || total + bytes > MAX_TOTAL_BYTES) {
        for (const { index } of group) found[index] = 'unknown';
        continue;
      }
      if (batchBytes + bytes > MAX_BATCH_BYTES) await flush();
      batch.push(group);
      batchBytes += bytes;
      total += bytes;
    }
    await flush();
  }

  /** The files that exist, by `keyOf`. */
  private async describe(
    sessionId: string,
    files: readonly { tree: string; path: string }[],
  ): Promise<Map<string, ObjectInfo>> {
    const names = new Map<string, string>();
    for (const { tree, path } of files) {
      const name = pathOfText(path);
      // git reads a name per line, and takes `.` and `..` for places relative to a work tree.
      if (name === null || name.includes(NEWLINE) || path.split('/').some((part) => /^\.{0,2}$/.test(part)))
        continue;
      names.set(keyOf(tree, path), `${tree}:${name.toString('latin1')}`);
    }
    const objects = await describeObjects(this.history, sessionId, [...names.values()]);
    return new Map(
      [...names.keys()].flatMap((key, index) => {
        const object = objects[index];
        return object ? [[key, object] as const] : [];
      }),
    );
  }
}

const NEWLINE = 10;
const keyOf = (tree: string, path: string) => `${tree}:${path}`;
