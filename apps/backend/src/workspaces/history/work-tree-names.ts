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

/** A name that git reports twice (as deleted and as modified) is returned once. */
export function parseWorkTreeEntries(listing: Buffer): WorkTreeEntry[] {
  const entries = new Map<string, WorkTreeEntry>();
  for (let start = 0; start < listing.length;) {
    const end = listing.indexOf(0, start);
    const name = listing.subarray(start + 2, end);
    const entry = { name, tracked: listing[start] !== UNTRACKED, folder: name.at(-1) === SLASH };
    entries.set(name.toString('latin1'), entry);
    start = end + 1;
  }
  return [...entries.values()];
}

/**
 * git refuses `.git` in a tree, in any mix of upper and lower case, because the tree may be checked out on a system
 * that does not distinguish them. So nothing in such a folder is recorded, just as nothing of `.git` itself is.
 */
export function canBeInTree(name: Buffer): boolean {
  if (!/\.git(\/|$)/i.test(name.toString('latin1'))) return true;
  return components(name).every((component) => component !== '.git');
}

/** git refuses a `.gitmodules` that is a link. */
export const cannotBeLink = (base: Buffer): boolean =>
  base.toString('latin1').toLowerCase() === '.gitmodules';

const components = (name: Buffer): string[] =>
  name
    .subarray(0, name.at(-1) === SLASH ? -1 : undefined)
    .toString('latin1')
    .toLowerCase()
    .split('/');
