import { Injectable } from '@nestjs/common';
import type { FoundLine, FoundLines } from '@saas-codex/contracts/files';
import { GitFailure } from '../git/git.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import { HistoryRepository } from './history-repository.js';
import { pathText } from './path-text.js';
import type { TreeOfSession } from './tree-files.js';

/** Of one file. */
const LINES_PER_FILE = 20;
/** Characters of a line that an answer has. */
const SHOWN = 240;
/** Of them, before the match. */
const SHOWN_BEFORE = 60;
/** Bytes of a line that is not complete yet. A longer one belongs to a file that nobody reads. */
const MAX_LINE = 1024 * 1024;
const NEWLINE = 10;
/** Git's for "nothing found". */
const NOTHING = 1;

/**
 * Searches the texts of a checkpoint, which are objects of `history.git`. The text is searched as it is, so no pattern can take
 * long; git is stopped when it has found enough, or after `searchMs`.
 *
 *     git grep ──► path \0 line \0 text \n ──► the lines found
 */
@Injectable()
export class TreeSearch {
  constructor(
    private readonly history: HistoryRepository,
    private readonly limits: WorkspaceLimits,
  ) {}

  async find({ sessionId, tree }: TreeOfSession, query: string, limit: number): Promise<FoundLines> {
    const items: FoundLine[] = [];
    const enough = new AbortController();
    const prefix = `${tree}:`.length;
    let rest: Buffer = Buffer.alloc(0);
    const onStdout = (chunk: Buffer) => {
      const bytes = Buffer.concat([rest, chunk]);
      let start = 0;
      for (let end = endOfLine(bytes, start); end >= 0; end = endOfLine(bytes, start)) {
        if (items.length < limit) items.push(toFoundLine(bytes.subarray(start + prefix, end), query));
        else enough.abort();
        start = end + 1;
      }
      rest = Buffer.from(bytes.subarray(start));
      if (rest.length > MAX_LINE) enough.abort();
    };
    const truncated = await this.grep(sessionId, tree, query, onStdout, enough);
    return { at: tree, items, truncated };
  }

  /** @returns true when git was stopped */
  private async grep(
    sessionId: string,
    tree: string,
    query: string,
    onStdout: (chunk: Buffer) => void,
    { signal }: AbortController,
  ): Promise<boolean> {
    const what = ['--fixed-strings', '--ignore-case', '-I', '--max-count', String(LINES_PER_FILE)];
    const format = ['--null', '--line-number', '--no-color', '--full-name', '--no-textconv', '--threads=1'];
    try {
      await this.history.runOnObjects(sessionId, ['grep', ...what, ...format, '-e', query, tree, '--'], {
        timeoutMs: this.limits.searchMs,
        signal,
        onStdout,
      });
      return false;
    } catch (error) {
      if (!(error instanceof GitFailure)) throw error;
      if (error.kind === 'exit' && error.exitCode === NOTHING) return false;
      if (error.kind === 'timeout' || error.kind === 'aborted') return true;
      throw error;
    }
  }
}

/** Names may have line breaks, so a line ends after its two NULs. @returns -1: it is not complete */
function endOfLine(bytes: Buffer, start: number): number {
  const path = bytes.indexOf(0, start);
  const number = path < 0 ? -1 : bytes.indexOf(0, path + 1);
  return number < 0 ? -1 : bytes.indexOf(NEWLINE, number + 1);
}

function toFoundLine(entry: Buffer, query: string): FoundLine {
  const path = entry.indexOf(0);
  const number = entry.indexOf(0, path + 1);
  const line = entry.toString('utf8', number + 1).replace(/\r$/, '');
  const match = line.toLowerCase().indexOf(query.toLowerCase());
  const from = line.length <= SHOWN ? 0 : Math.max(0, Math.min(match - SHOWN_BEFORE, line.length - SHOWN));
  return {
    path: pathText(entry.subarray(0, path)),
    line: Number(entry.toString('latin1', path + 1, number)),
    text: line.slice(from, from + SHOWN),
  };
}
