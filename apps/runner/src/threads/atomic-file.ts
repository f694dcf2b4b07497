import { randomUUID } from 'node:crypto';
import { link, rename, rm, writeFile } from 'node:fs/promises';

/*
 * Files that are written as a whole or not at all, with mode 0600. Why not the library write-file-atomic: it follows a symbolic
 * link at the path and writes to a temporary file of a predictable name, and agents can write in CODEX_HOME.
 */

/**
 * Replaces the file or symbolic link at `path`.
 * @param flush whether the content must survive a power failure
 */
export async function replaceFile(
  path: string,
  content: string,
  { flush }: { flush: boolean },
): Promise<void> {
  const draft = await writeDraft(path, content, flush);
  await rename(draft, path);
}

/** Creates a file that survives a power failure. @returns false when something is at `path` already */
export async function createFile(path: string, content: string): Promise<boolean> {
  const draft = await writeDraft(path, content, true);
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function writeDraft(path: string, content: string, flush: boolean): Promise<string> {
  const draft = `${path}.${randomUUID()}.draft`;
  await writeFile(draft, content, { mode: 0o600, flag: 'wx', flush });
  return draft;
}
