import { join } from 'node:path';
import { rm } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import type { EditConflict } from '@saas-codex/contracts/problems';
import { GitFailure } from '../git/git.js';
import { Storage } from '../storage/storage.js';
import { conflict, MAX_CONFLICTS, refusalOf } from './edit-conflicts.js';
import { fieldsOf } from './git-fields.js';
import { HistoryRepository } from './history-repository.js';
import { blocksOf, collidingBlocks, type LineBlock } from './line-blocks.js';
import { pathText } from './path-text.js';
import { PLAIN } from './tree-diffs.js';

/** What a tree has at a name. */
export interface TreeEntry {
  mode: string;
  oid: string;
}

/** The change from one tree to another. */
export interface TreeChange {
  from: string;
  to: string;
}

/** Of the same trees always the same commits. */
const DATE = { GIT_AUTHOR_DATE: '@0 +0000', GIT_COMMITTER_DATE: '@0 +0000' };
const NO_OBJECT = '0'.repeat(40);
const SLASH = 0x2f;
const FOLDER_MODE = '040000';

/**
 * Makes new trees out of those of a session, in `history.git` and without its work tree. The runner then brings the work tree
 * there, in a jail.
 *
 *     tree ── replaceEntries, applyPatch ──► another tree          in an index of its own
 *     change (from → to) ── mergeInto ─────► tree with that change  three-way, or a conflict
 */
@Injectable()
export class TreeEdits {
  constructor(
    private readonly history: HistoryRepository,
    private readonly storage: Storage,
  ) {}

  /**
   * The tree with what the change did to another one.
   * @throws ProblemError edit_conflict
   */
  async mergeInto(sessionId: string, tree: string, change: TreeChange): Promise<string> {
    const { merged, names } = await this.tryMerge(sessionId, tree, change);
    if (names.length === 0) return merged;
    throw conflict(await this.explain(sessionId, names, { tree, ...change }));
  }

  /** The same, with conflict markers in the files in which both have changed the same lines. @returns their names, as git has them */
  async tryMerge(
    sessionId: string,
    tree: string,
    { from, to }: TreeChange,
  ): Promise<{ merged: string; names: Buffer[] }> {
    if (tree === from || to === tree) return { merged: to, names: [] };
    if (from === to) return { merged: tree, names: [] };
    return this.history.withHistoryLock(sessionId, async () => {
      const base = await this.commit(sessionId, from);
      const [ours, theirs] = [
        await this.commit(sessionId, tree, base),
        await this.commit(sessionId, to, base),
      ];
      const chunks: Buffer[] = [];
      const options = ['--write-tree', '--no-messages', '-z', '--name-only'];
      const code = await this.exitOf(
        this.history.writeObjects(sessionId, ['merge-tree', ...options, ours, theirs], {
          onStdout: (chunk) => chunks.push(chunk),
        }),
        [1],
      );
      const [id, ...names] = fieldsOf(Buffer.concat(chunks));
      if (id === undefined) throw new Error('git merge-tree has named no tree');
      return {
        merged: id.toString('latin1'),
        names: code === 0 ? [] : names.filter((name) => name.length > 0),
      };
    });
  }

  /** Replaces files of a tree; null removes one. @throws ProblemError edit_conflict where it would remove others */
  async replaceEntries(
    sessionId: string,
    tree: string,
    entries: readonly { name: Buffer; entry: TreeEntry | null }[],
  ): Promise<string> {
    const lines = entries.map(({ name, entry }) =>
      Buffer.concat([Buffer.from(`${entry?.mode ?? '0'} ${entry?.oid ?? NO_OBJECT}\t`), name, Buffer.of(0)]),
    );
    const removed = entries.flatMap(({ name, entry }) => (entry === null ? [name] : []));
    for (const { name, entry } of entries)
      if (entry !== null) await this.requireFree(sessionId, tree, name, removed);
    return this.inIndexOf(sessionId, tree, async (env) => {
      const input = Buffer.concat(lines);
      const code = await this.exitOf(
        this.history.writeObjects(sessionId, ['update-index', '-z', '--index-info'], { env, input }),
        [1, 128],
      );
      if (code !== 0) throw conflict(entries.map(({ name }) => ({ path: pathText(name), hunks: [] })));
    });
  }

  /**
   * @param patch what a person gave
   * @throws ProblemError patch_invalid, edit_conflict
   */
  applyPatch(sessionId: string, tree: string, patch: Buffer): Promise<string> {
    return this.inIndexOf(sessionId, tree, async (env) => {
      let stderr = '';
      const args = ['apply', '--cached', '--3way', '--whitespace=nowarn', '-'] as const;
      const options = { env, input: patch, onStderr: (text: string) => (stderr += text) };
      const applied = this.history.writeObjects(sessionId, args, options);
      if ((await this.exitOf(applied, [1, 128])) === 0) return;
      const conflicts = await this.unmerged(sessionId, env);
      if (conflicts.length > 0) throw conflict(conflicts);
      throw refusalOf(stderr);
    });
  }

  /** @returns the id of the blob */
  async writeBlob(sessionId: string, content: Buffer): Promise<string> {
    return this.history.withHistoryLock(sessionId, () =>
      this.text(sessionId, ['hash-object', '-w', '--no-filters', '--stdin'], { input: content }),
    );
  }

  /** null: nothing is there. */
  async entryAt(sessionId: string, tree: string, name: Buffer): Promise<TreeEntry | null> {
    let entry: TreeEntry = { mode: FOLDER_MODE, oid: tree };
    for (const part of partsOf(name)) {
      if (entry.mode !== FOLDER_MODE) return null;
      const { stdout } = await this.history.runOnObjects(sessionId, ['ls-tree', '-z', entry.oid]);
      const found = [...fieldsOf(stdout)].find((line) => line.subarray(line.indexOf('\t') + 1).equals(part));
      if (!found) return null;
      const [mode = '', , oid = ''] = found.toString('latin1', 0, found.indexOf('\t')).split(' ');
      entry = { mode, oid };
    }
    return entry;
  }

  /** The first name above this one that is no folder, so that nothing can be below it; null: there is none. */
  async obstacleAbove(sessionId: string, tree: string, name: Buffer): Promise<Buffer | null> {
    for (let end = name.indexOf(SLASH); end >= 0; end = name.indexOf(SLASH, end + 1)) {
      const above = name.subarray(0, end);
      const entry = await this.entryAt(sessionId, tree, above);
      if (entry === null) return null;
      if (entry.mode !== FOLDER_MODE) return above;
    }
    return null;
  }

  /** git's index puts a file in place of a folder, and a folder in place of a file, without a word. */
  private async requireFree(
    sessionId: string,
    tree: string,
    name: Buffer,
    removed: readonly Buffer[],
  ): Promise<void> {
    const isRemoved = (one: Buffer) => removed.some((other) => other.equals(one));
    const above = await this.obstacleAbove(sessionId, tree, name);
    if (above !== null && !isRemoved(above)) throw conflict([{ path: pathText(above), hunks: [] }]);
    const there = await this.entryAt(sessionId, tree, name);
    if (there?.mode !== FOLDER_MODE) return;
    const args = ['ls-tree', '-r', '-z', '--name-only', there.oid] as const;
    const { stdout } = await this.history.runOnObjects(sessionId, args);
    const within = [...fieldsOf(stdout)].map((one) => Buffer.concat([name, Buffer.of(SLASH), one]));
    const kept = within.filter((one) => !isRemoved(one));
    if (kept.length > 0) throw conflict(kept.map((one) => ({ path: pathText(one), hunks: [] })));
  }

  /** What differs between the lines of two blobs. Of binary files: nothing. */
  async blocks(sessionId: string, from: string, to: string): Promise<LineBlock[]> {
    const args = ['diff', '-U0', ...PLAIN, from, to, '--'] as const;
    const { stdout } = await this.history.runOnObjects(sessionId, args);
    return blocksOf(stdout.toString('latin1'));
  }

  private async explain(
    sessionId: string,
    names: readonly Buffer[],
    { tree, from, to }: TreeChange & { tree: string },
  ): Promise<EditConflict[]> {
    const conflicts: EditConflict[] = [];
    for (const name of names.slice(0, MAX_CONFLICTS)) {
      const [base, theirs, ours] = await Promise.all(
        [from, to, tree].map((each) => this.entryAt(sessionId, each, name)),
      );
      conflicts.push(await this.conflictIn(sessionId, name, { base, theirs, ours }));
    }
    return conflicts;
  }

  private async conflictIn(
    sessionId: string,
    name: Buffer,
    { base, theirs, ours }: Record<'base' | 'theirs' | 'ours', TreeEntry | null | undefined>,
  ): Promise<EditConflict> {
    const path = pathText(name);
    if (!base || !theirs || !ours) return { path, hunks: [] };
    const [change, other] = await Promise.all([
      this.blocks(sessionId, base.oid, theirs.oid),
      this.blocks(sessionId, base.oid, ours.oid),
    ]);
    const hunks = collidingBlocks(change, other).slice(0, MAX_CONFLICTS);
    return { path, hunks: hunks.map(({ oldStart, oldLines }) => ({ start: oldStart, lines: oldLines })) };
  }

  /** What a three-way `git apply` has left in the index. */
  private async unmerged(sessionId: string, env: Record<string, string>): Promise<EditConflict[]> {
    const { stdout } = await this.history.runOnObjects(sessionId, ['ls-files', '-u', '-z'], { env });
    const files = new Map<string, { name: Buffer; stages: (TreeEntry | undefined)[] }>();
    for (const line of fieldsOf(stdout)) {
      const name = line.subarray(line.indexOf('\t') + 1);
      const [mode = '', oid = '', stage] = line.toString('latin1', 0, line.indexOf('\t')).split(' ');
      const file = files.get(name.toString('latin1')) ?? { name, stages: [] };
      file.stages[Number(stage)] = { mode, oid };
      files.set(name.toString('latin1'), file);
    }
    const conflicts: EditConflict[] = [];
    for (const { name, stages } of [...files.values()].slice(0, MAX_CONFLICTS)) {
      const [, base, ours, theirs] = stages;
      conflicts.push(await this.conflictIn(sessionId, name, { base, ours, theirs }));
    }
    return conflicts;
  }

  /** @returns the tree of an index that begins as that of `tree` */
  private inIndexOf(
    sessionId: string,
    tree: string,
    work: (env: Record<string, string>) => Promise<void>,
  ): Promise<string> {
    const index = join(this.storage.historyPath(sessionId), 'edit-index');
    const env = { GIT_INDEX_FILE: index };
    const clear = () => Promise.all([index, `${index}.lock`].map((file) => rm(file, { force: true })));
    return this.history.withHistoryLock(sessionId, async () => {
      await clear();
      try {
        await this.history.writeObjects(sessionId, ['read-tree', tree], { env });
        await work(env);
        return await this.text(sessionId, ['write-tree'], { env });
      } finally {
        await clear();
      }
    });
  }

  /** Git merges commits, and there are none of trees. */
  private commit(sessionId: string, tree: string, parent?: string): Promise<string> {
    const parents = parent === undefined ? [] : ['-p', parent];
    return this.text(sessionId, ['commit-tree', tree, ...parents], { env: DATE, input: '' });
  }

  private async text(...command: Parameters<HistoryRepository['writeObjects']>): Promise<string> {
    return (await this.history.writeObjects(...command)).stdout.toString('latin1').trim();
  }

  /** @param refusals exit codes that mean a refusal. @throws GitFailure when it is none of them */
  private async exitOf(command: Promise<unknown>, refusals: readonly number[]): Promise<number> {
    try {
      await command;
      return 0;
    } catch (error) {
      const code = error instanceof GitFailure && error.kind === 'exit' ? error.exitCode : null;
      if (code !== null && refusals.includes(code)) return code;
      throw error;
    }
  }
}

const partsOf = (name: Buffer) => fieldsOf(Buffer.concat([name, Buffer.of(SLASH)]), SLASH);
