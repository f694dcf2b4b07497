/** Lines of a file as they were in one checkpoint, to be found again in others. */
export interface LineAnchor {
  tree: string;
  path: string;
  /** From 1. */
  firstLine: number;
  code: string[];
  /** Some lines directly before and after them. */
  before: string[];
  after: string[];
}

type Sought = Pick<LineAnchor, 'firstLine' | 'code' | 'before' | 'after'>;

const CONTEXT_LINES = 3;
/** Of one line of the context. */
const CONTEXT_CHARS = 500;
/** Letters and digits that a block has at least if it alone says which one it is. A brace stands in many places. */
const TELLING_CHARS = 4;

/**
 * The lines of a text, without the characters that end them.
 * @returns null for a binary file
 */
export function textLines(content: Buffer): string[] | null {
  if (content.includes(0)) return null;
  const lines = content.toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
}

/** @returns null: the file does not have all of these lines */
export function takeLines(lines: readonly string[], firstLine: number, lastLine: number): Sought | null {
  if (firstLine < 1 || lastLine > lines.length) return null;
  return {
    firstLine,
    code: lines.slice(firstLine - 1, lastLine),
    before: lines.slice(Math.max(0, firstLine - 1 - CONTEXT_LINES), firstLine - 1).map(cut),
    after: lines.slice(lastLine, lastLine + CONTEXT_LINES).map(cut),
  };
}

/**
 * Finds lines again by what they say. Of several places it takes the one with the most of the lines around them, and then
 * the nearest one to where they were.
 * @returns the number of the first line; null: the lines are gone
 */
export function findLines(lines: readonly string[], sought: Sought): number | null {
  let best: { first: number; context: number } | null = null;
  const distance = (first: number) => Math.abs(first - sought.firstLine);
  for (let at = 0; at + sought.code.length <= lines.length; at += 1) {
    if (!sought.code.every((line, index) => lines[at + index] === line)) continue;
    const [first, context] = [at + 1, contextAt(lines, at, sought)];
    const isBetter =
      !best || context > best.context || (context === best.context && distance(first) < distance(best.first));
    if (isBetter) best = { first, context };
  }
  if (!best) return null;
  const hasContext = sought.before.length + sought.after.length > 0;
  return best.context === 0 && hasContext && !isTelling(sought.code) ? null : best.first;
}

/** How many of the lines around are the same, counted from the block outwards. */
function contextAt(lines: readonly string[], at: number, { code, before, after }: Sought): number {
  const same = (expected: readonly string[], lineAt: (index: number) => string | undefined) => {
    const end = expected.findIndex((line, index) => line !== cut(lineAt(index) ?? '\n'));
    return end < 0 ? expected.length : end;
  };
  return (
    same(before.toReversed(), (index) => lines[at - 1 - index]) +
    same(after, (index) => lines[at + code.length + index])
  );
}

const cut = (line: string) => line.slice(0, CONTEXT_CHARS);

const isTelling = (code: readonly string[]) =>
  (code.join('').match(/[\p{L}\p{N}]/gu)?.length ?? 0) >= TELLING_CHARS;
