import type { FileDiffContentsLoader, FileDiffMetadata } from '@pierre/diffs';
import type { DiffFile } from '@saas-codex/contracts/diffs';
import { useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { fileContentQuery } from '../../entities/session/api/get-file-content.js';
import { shareLinkOfPage } from '../../shared/api/shared-page.js';
import { withMarks } from '../../shared/lib/hidden-characters.js';
import { toastError } from '../../shared/ui/toast.js';

/**
 * Loads both sides of a changed file when a reader asks for the lines between its changes.
 * @returns undefined: there are no such lines, or readers of links may not read the file
 */
export function useLoadSides(
  sessionId: string,
  from: string,
  to: string,
  { status, path, old_path: oldPath }: DiffFile,
): FileDiffContentsLoader | undefined {
  const client = useQueryClient();
  return useMemo(() => {
    if (shareLinkOfPage() !== undefined || (status !== 'modified' && status !== 'renamed')) return undefined;
    const read = async (at: string, name: string) => {
      const { text, truncated } = await client.fetchQuery(fileContentQuery(sessionId, at, name));
      if (text === null || truncated)
        throw new Error('The file is too large, or no plain text, so only its changes can be shown.');
      return { name, contents: withMarks(text) };
    };
    return async (diff) => {
      try {
        const [oldFile, newFile] = await Promise.all([read(from, oldPath ?? path), read(to, path)]);
        if (!fits(diff, newFile.contents))
          throw new Error('The file is in an encoding of its own, so only its changes can be shown.');
        return { oldFile, newFile };
      } catch (error) {
        toastError(error);
        throw error;
      }
    };
  }, [client, sessionId, from, to, status, path, oldPath]);
}

/** Whether the lines that the diff shows are those of the file. Text in another encoding than UTF-8 is decoded in diffs only. */
function fits({ hunks, additionLines }: FileDiffMetadata, contents: string): boolean {
  const lines = contents.split('\n');
  return hunks.every(({ additionStart, additionCount, additionLineIndex }) =>
    additionLines
      .slice(additionLineIndex, additionLineIndex + additionCount)
      .every((line, index) => line.replace(/\n$/, '') === lines[additionStart - 1 + index]),
  );
}
