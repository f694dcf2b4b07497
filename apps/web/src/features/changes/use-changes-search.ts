import type { Diff, DiffFile } from '@saas-codex/contracts/diffs';
import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useEffect, useMemo, useState } from 'react';
import { diffQuery } from '../../entities/session/api/get-diff.js';
import { filterFiles } from './file-tree.js';

/** Shorter texts are in nearly every file. */
const MIN_TEXT = 2;
const AFTER_TYPING_MS = 250;

/**
 * The files whose path has all words of the search, and those of which a changed line contains it.
 * @returns `isSearching`: the lines are still being searched
 */
export function useChangesSearch(
  sessionId: string,
  diff: Diff | undefined,
  search: string,
): { files: readonly DiffFile[]; isSearching: boolean } {
  const wanted = search.trim();
  const applied = useDeferredValue(wanted);
  const text = useSettled(wanted);
  const { data, isFetching } = useQuery({
    ...diffQuery(sessionId, { from: diff?.from, to: diff?.to, text }),
    enabled: diff !== undefined && text.length >= MIN_TEXT,
    // The trees of the list never change.
    staleTime: Infinity,
    placeholderData: undefined,
  });
  const files = useMemo(() => {
    const all = diff?.files ?? [];
    if (applied === '') return all;
    const named = new Set(filterFiles(all, applied));
    const found = new Set(applied === text ? data?.files.map(({ path }) => path) : []);
    return all.filter((file) => named.has(file) || found.has(file.path));
  }, [diff, applied, text, data]);
  return { files, isSearching: wanted.length >= MIN_TEXT && (wanted !== text || isFetching) };
}

/** The text, once it has not changed for a moment. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), AFTER_TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
