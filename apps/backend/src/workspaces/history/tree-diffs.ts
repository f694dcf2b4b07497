import { Injectable } from '@nestjs/common';
import type { Diff, DiffFile, DiffStat, FilePatch } from '@saas-codex/contracts/diffs';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { WorkspaceLimits } from '../workspace-limits.js';
import { type ChangedFile, parseChangedFiles } from './changed-files.js';
import { hunksOf, patchHeader, pathText, submoduleHunk, wholeLines } from './file-patch.js';
import { isGenerated } from './generated-files.js';
import { EMPTY_BLOB, HistoryRepository } from './history-repository.js';

/** How many comparisons are cached. */
const CACHE_SIZE = 32;
/** No external programs, colours or abbreviations. Renames as people expect them, at a bounded cost. */
const PLAIN = ['--no-ext-diff', '--no-textconv', '--no-color', '--full-index', '--submodule=short'];
const RENAMES = ['--find-renames', '-l400'];

/** Compares two checkpoints. Trees never change, so the last comparisons are cached. */
@Injectable()
export class TreeDiffs {
  private readonly cache = new Map<string, Promise<ChangedFile[]>>();

  constructor(
    private readonly history: HistoryRepository,
    private readonly limits: WorkspaceLimits,
  ) {}

  async diffStat(sessionId: string, from: string, to: string): Promise<DiffStat> {
    return statOf(await this.changedFiles(sessionId, from, to));
  }

  async diff(sessionId: string, from: string, to: string): Promise<Diff> {
    const changed = await this.changedFiles(sessionId, from, to);
    const files = changed.slice(0, this.limits.diffFiles).map(toDiffFile);
    const omitted = await this.history.omittedFiles(sessionId, to);
    return { from, to, stat: statOf(changed), files, truncated: files.length < changed.length, omitted };
  }

  /** @throws ProblemError file_not_found */
  async filePatch(sessionId: string, from: string, to: string, path: string): Promise<FilePatch> {
    const changed = await this.changedFiles(sessionId, from, to);
    const file = changed.find(({ name }) => pathText(name) === path);
    if (!file)
      throw new ProblemError(
        'file_not_found',
        'This file is not part of these changes. Load the list of changes again.',
      );
    if (file.additions === null) return { path, patch: '', truncated: false };
    const { hunks, truncated } = await this.hunks(sessionId, file);
    return { path, patch: patchHeader(file) + hunks, truncated };
  }

  private async hunks(sessionId: string, file: ChangedFile): Promise<{ hunks: string; truncated: boolean }> {
    const submodule = submoduleHunk(file);
    if (submodule !== null) return { hunks: submodule, truncated: false };
    if (file.oldOid === file.newOid) return { hunks: '', truncated: false };
    const { stdout, truncated } = await this.history.runOnObjects(
      sessionId,
      ['diff', ...PLAIN, blob(file.oldOid), blob(file.newOid), '--'],
      { maxOutputBytes: this.limits.patchBytes, truncate: true },
    );
    const hunks = hunksOf(stdout.toString('utf8'));
    return { hunks: truncated ? wholeLines(hunks) : hunks, truncated };
  }

  private changedFiles(sessionId: string, from: string, to: string): Promise<ChangedFile[]> {
    const key = `${sessionId} ${from} ${to}`;
    const answer = this.cache.get(key) ?? this.compare(sessionId, from, to);
    this.cache.delete(key);
    this.cache.set(key, answer);
    answer.catch(() => this.cache.delete(key));
    for (const oldest of this.cache.keys()) {
      if (this.cache.size <= CACHE_SIZE) break;
      this.cache.delete(oldest);
    }
    return answer;
  }

  private async compare(sessionId: string, from: string, to: string): Promise<ChangedFile[]> {
    if (from === to) return [];
    const args = ['diff-tree', '-r', '-z', '--raw', '--numstat', ...PLAIN, ...RENAMES] as const;
    const { stdout } = await this.history.runOnObjects(sessionId, [...args, from, to, '--']);
    return parseChangedFiles(stdout);
  }
}

/** A file that does not exist on one side is compared with an empty one. */
const blob = (oid: string) => (/^0+$/.test(oid) ? EMPTY_BLOB : oid);

const STATUS: Record<string, DiffFile['status']> = {
  A: 'added',
  D: 'deleted',
  R: 'renamed',
  T: 'type_changed',
};

function toDiffFile(file: ChangedFile): DiffFile {
  const path = pathText(file.name);
  return {
    path,
    old_path: file.oldName && pathText(file.oldName),
    status: STATUS[file.status] ?? 'modified',
    additions: file.additions,
    deletions: file.deletions,
    binary: file.additions === null,
    generated: isGenerated(path),
  };
}

const statOf = (files: readonly ChangedFile[]): DiffStat => ({
  files: files.length,
  additions: files.reduce((sum, file) => sum + (file.additions ?? 0), 0),
  deletions: files.reduce((sum, file) => sum + (file.deletions ?? 0), 0),
});
