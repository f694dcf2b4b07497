/** One line of `ls-files -z -t`. Names are bytes, since they need not be UTF-8. */
export interface WorkTreeEntry {
  name: Buffer;
  /** In the index. */
  tracked: boolean;
  /** An untracked folder that git does not look into, because it is a repository. `name` ends in a slash. */
  folder: boolean;
}

const SLASH = 0x2f;
const UNTRACKED = 0x3f;

/**
 * The files in a listing, in batches. Tracked ones come first: a file that an agent has replaced with a folder must leave
 * the index before the files of that folder can enter it.
 * @param omitted is told the names that no tree can hold
 */
export function* batchesOf(
  listing: Buffer,
  size: number,
  omitted: { add(name: Buffer): void },
): Generator<WorkTreeEntry[]> {
  let batch: WorkTreeEntry[] = [];
  for (const tracked of [true, false]) {
    for (const entry of parseWorkTreeEntries(listing)) {
      if (entry.tracked !== tracked) continue;
      const forbidden = forbiddenPart(entry.name);
      if (forbidden) omitted.add(forbidden);
      if (forbidden !== null || entry.folder) continue;
      batch.push(entry);
      if (batch.length < size) continue;
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

/** The folders in a listing that git does not look into. */
export function listedFolders(listing: Buffer): Buffer[] {
  const folders: Buffer[] = [];
  for (const { name, folder } of parseWorkTreeEntries(listing)) {
    if (folder && forbiddenPart(name) === null) folders.push(name);
  }
  return folders;
}

/** A name that git reports twice in a row (as deleted and as modified) is returned once. */
export function* parseWorkTreeEntries(listing: Buffer): Generator<WorkTreeEntry> {
  let last: Buffer = Buffer.alloc(0);
  for (let start = 0; start < listing.length;) {
    const end = listing.indexOf(0, start);
    const name = listing.subarray(start + 2, end);
    if (!name.equals(last))
      yield { name, tracked: listing[start] !== UNTRACKED, folder: name.at(-1) === SLASH };
    last = name;
    start = end + 1;
  }
}

const GIT_NAME = /(?:^|\/)(\.git)(?:\/|$)/i;

/**
 * git refuses `.git` in a tree, in any mix of upper and lower case, because the tree may be checked out on a system
 * that does not distinguish them. So nothing in such a folder is recorded, just as nothing of `.git` itself is.
 * @returns null: a tree can hold the name. Else the part of it up to such a component; empty for `.git` itself, which
 *   belongs to git and is no file of the person's.
 */
export function forbiddenPart(name: Buffer): Buffer | null {
  const match = GIT_NAME.exec(name.toString('latin1'));
  if (!match) return null;
  return match[1] === '.git' ? name.subarray(0, 0) : name.subarray(0, match.index + match[0].length);
}

/** git refuses a `.gitmodules` that is a link. */
export const cannotBeLink = (base: Buffer): boolean =>
  base.toString('latin1').toLowerCase() === '.gitmodules';
