import type { HistoryRepository, TreeEntry } from './history-repository.js';

type Entry = Pick<TreeEntry, 'mode' | 'oid'>;

export interface ChangedEntry {
  /** As bytes in latin1. */
  path: string;
  before: Entry;
  after: Entry;
}

const RAW = /^:(\d{6}) (\d{6}) ([0-9a-f]+) ([0-9a-f]+) /;

/** What one tree has in place of another. @throws GitFailure, also when the list is longer than `maxOutputBytes` */
export async function changedEntries(
  history: HistoryRepository,
  sessionId: string,
  { from, to }: { from: string; to: string },
  maxOutputBytes?: number,
): Promise<ChangedEntry[]> {
  const options = ['-r', '-z', '--raw', '--no-renames', '--full-index'];
  const { stdout } = await history.runOnObjects(
    sessionId,
    ['diff-tree', ...options, from, to],
    maxOutputBytes === undefined ? {} : { maxOutputBytes },
  );
  const parts = stdout.toString('latin1').split('\0');
  const entries: ChangedEntry[] = [];
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const [, oldMode = '', mode = '', oldOid = '', oid = ''] = RAW.exec(parts[at] ?? '') ?? [];
    entries.push({ path: parts[at + 1] ?? '', before: { mode: oldMode, oid: oldOid }, after: { mode, oid } });
  }
  return entries;
}
