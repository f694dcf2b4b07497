/** One line of `ls-files -z -t`; names are bytes, since they need not be UTF-8. */
export interface WorkTreeEntry {
  name: Buffer;
  /** In the index. */
  tracked: boolean;
  /** An untracked folder that git does not look into: a repository of its own. `name` ends in a slash. */
  folder: boolean;
}

const SLASH = 0x2f;
const UNTRACKED = 0x3f;

/** A name that is reported twice (as deleted and as modified) comes once. */
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
