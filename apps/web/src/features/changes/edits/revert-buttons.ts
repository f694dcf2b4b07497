import type { HunkRange } from '@saas-codex/contracts/edits';

/** The viewer draws in a shadow root, which has none of the page's styles. */
export const REVERT_BUTTON_CSS = `
  [data-line]:has(> .revert-lines) { position: relative; }
  .revert-lines {
    position: absolute; inset-block-start: 0; inset-inline-end: 4px; z-index: 1;
    height: 20px; padding: 0 8px; border: 1px solid var(--border); border-radius: 6px;
    background: var(--card); color: var(--muted-foreground); font: 500 11px/18px var(--font-sans);
    text-indent: 0; cursor: pointer; opacity: 0;
  }
  .revert-lines:hover { color: var(--foreground); background: var(--muted); }
  [data-line]:hover > .revert-lines, .revert-lines:focus-visible { opacity: 1; }
  .revert-lines:focus-visible { outline: 2px solid var(--ring); outline-offset: 1px; }
  .revert-lines::before { content: 'Revert'; }
  @media (pointer: coarse) { .revert-lines { opacity: 1; height: 32px; padding: 0 12px; } }
`;

/** Puts a button at the first line of each block of changed lines that the viewer has drawn. */
export function placeRevertButtons(
  host: HTMLElement,
  blocks: readonly HunkRange[],
  onRevert: (block: HunkRange) => void,
): void {
  const root = host.shadowRoot;
  if (!root) return;
  for (const old of root.querySelectorAll('.revert-lines')) old.remove();
  for (const block of blocks) {
    const isRemoval = block.new_lines === 0;
    const type = isRemoval ? 'change-deletion' : 'change-addition';
    const number = isRemoval ? block.old_start : block.new_start;
    root
      .querySelector(`[data-line="${number}"][data-line-type="${type}"]`)
      ?.append(buttonFor(block, onRevert));
  }
}

function buttonFor(block: HunkRange, onRevert: (block: HunkRange) => void): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'revert-lines';
  // Its text is drawn by its style, so that it is no part of the code that a person copies.
  button.ariaLabel = describe(block);
  // The line below must not take it as the begin of a selection.
  button.addEventListener('pointerdown', (event) => event.stopPropagation());
  button.addEventListener('click', (event) => {
    event.stopPropagation();
    onRevert(block);
  });
  return button;
}

function describe({ new_start: start, new_lines: lines, old_lines: removed }: HunkRange): string {
  if (lines === 0)
    return `Bring back ${removed === 1 ? 'the removed line' : `${removed} removed lines`} after line ${start}`;
  return lines === 1 ? `Revert line ${start}` : `Revert lines ${start} to ${start + lines - 1}`;
}
