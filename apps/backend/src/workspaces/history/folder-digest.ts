import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import type { DirectoryHandle } from '../storage/directory-handle.js';
import type { TreeWalk } from '../storage/tree-walk.js';

/**
 * Recognises a folder whose files nobody has changed, without reading them: by the names of all that is in it, at any depth,
 * what each of them is, and the size, time and executable bit of what is no folder. An agent may be changing it meanwhile.
 * @returns null: the walk did not see all of it
 */
export async function digestFolder(
  folder: DirectoryHandle,
  walk: TreeWalk,
  depth = 0,
): Promise<string | null> {
  const lines: string[] = [];
  for await (const { name, stats } of walk.entriesOf(folder)) {
    let what: string | null = describe(stats);
    if (stats.isDirectory()) {
      // One that is gone by now has changed.
      what = null;
      await walk.inFolder(folder, name, depth, async (child) => {
        what = await digestFolder(child, walk, depth + 1);
      });
    }
    lines.push(`${name.toString('latin1')}\0${what}\0`);
  }
  if (walk.incomplete) return null;
  const hash = createHash('sha256');
  for (const line of lines.toSorted()) hash.update(line, 'latin1');
  return hash.digest('hex');
}

const describe = ({ mode, size, mtimeMs }: Stats) =>
  `${mode & constants.S_IFMT} ${(mode & constants.S_IXUSR) > 0} ${size} ${Math.floor(mtimeMs)}`;
