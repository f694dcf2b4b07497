/** A part of a file's patch. */
export interface Hunk {
  path: string;
  text: string;
}

/** Characters of one part: the beginning of a large one says what it is. */
const MAX_HUNK = 6_000;
const CUT = '\n(cut)';

/** The parts of one file's patch, each of a bounded length. */
export const hunksOfPatch = (path: string, patch: string): Hunk[] =>
  patch
    .split(/^(?=@@ )/m)
    .filter((text) => text.startsWith('@@ '))
    .map((text) => ({ path, text: shortened(text.trimEnd()) }));

/** The largest of these that fit together, in their own order. */
export function largestThatFit(hunks: readonly Hunk[], room: number): { shown: Hunk[]; left: number } {
  let free = room;
  const chosen = new Set<Hunk>();
  for (const hunk of hunks.toSorted((a, b) => b.text.length - a.text.length)) {
    const size = hunk.path.length + hunk.text.length;
    if (size > free) continue;
    free -= size;
    chosen.add(hunk);
  }
  return { shown: hunks.filter((hunk) => chosen.has(hunk)), left: hunks.length - chosen.size };
}

function shortened(text: string): string {
  if (text.length <= MAX_HUNK) return text;
  const start = text.slice(0, MAX_HUNK);
  return start.slice(0, Math.max(start.lastIndexOf('\n'), 1)) + CUT;
}
