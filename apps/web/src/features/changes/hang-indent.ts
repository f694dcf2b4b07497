/** As `--diffs-tab-size` of patch-view.css says. */
const TAB = 4;
/** In characters. A line that is indented further would have no room on a phone. */
const MOST = 24;
/** The viewer's space before a line. */
const SPACE = '1ch';

/** How far a line of code is indented, in characters. */
function indentOf(line: string): number {
  let columns = 0;
  for (const character of line) {
    if (character === ' ') columns += 1;
    else if (character === '\t') columns += TAB - (columns % TAB);
    else break;
  }
  return columns;
}

/** Lets what a line wraps to begin below its first word and not at the edge. */
export function hangIndent(line: HTMLElement): void {
  const columns = Math.min(indentOf(line.textContent), MOST);
  if (columns === 0) return;
  line.style.paddingInlineStart = `calc(${SPACE} + ${columns}ch)`;
  line.style.textIndent = `-${columns}ch`;
}
