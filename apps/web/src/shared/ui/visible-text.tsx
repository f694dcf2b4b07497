import { Fragment } from 'react';
import { splitAtMarks, withMarks } from '../lib/hidden-characters.js';

/** How a mark looks; as a style, because it is also used in the shadow root of a diff. */
const LOOK = {
  color: 'var(--warning)',
  backgroundColor: 'var(--warning-soft)',
  borderRadius: '3px',
  fontSize: '0.9em',
};

/** Text of an agent or a repository. Characters that cannot be seen, or that reorder others, are marked. */
export function VisibleText({ children }: { children: string }) {
  const text = withMarks(children);
  if (text === children) return children;
  return splitAtMarks(text).map((part, index) =>
    part.meaning === null ? (
      <Fragment key={index}>{part.text}</Fragment>
    ) : (
      <mark key={index} style={LOOK} title={part.meaning} aria-label={part.meaning} role="img">
        {part.text}
      </mark>
    ),
  );
}

/**
 * Gives the marks in text that is already drawn the same look. A highlighter may have drawn one mark as several tokens.
 * @param root holds text that `withMarks` returned
 */
export function decorateMarks(root: Element): void {
  const nodes = textNodes(root);
  const starts: number[] = [];
  let text = '';
  for (const node of nodes) {
    starts.push(text.length);
    text += node.data;
  }
  if (!text.includes('⟨U+')) return;
  let end = text.length;
  // From the end, so that the places before stay where they are.
  for (const { text: part, meaning } of splitAtMarks(text).toReversed()) {
    const start = end - part.length;
    if (meaning !== null) {
      const range = document.createRange();
      const first = starts.findLastIndex((from) => from <= start);
      const last = starts.findLastIndex((from) => from < end);
      if (!nodes[first] || !nodes[last]) return;
      range.setStart(nodes[first], start - (starts[first] ?? 0));
      range.setEnd(nodes[last], end - (starts[last] ?? 0));
      range.deleteContents();
      range.insertNode(markElement(part, meaning));
    }
    end = start;
  }
}

/** Without those in marks. */
function textNodes(root: Element): Text[] {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const nodes: Text[] = [];
  while (walker.nextNode()) {
    const node = walker.currentNode as Text;
    if (node.parentElement?.tagName !== 'MARK') nodes.push(node);
  }
  return nodes;
}

function markElement(text: string, meaning: string): HTMLElement {
  const mark = document.createElement('mark');
  Object.assign(mark.style, LOOK);
  mark.title = meaning;
  mark.role = 'img';
  mark.ariaLabel = meaning;
  mark.textContent = text;
  return mark;
}
