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

/** Gives the marks in text that is already drawn the same look. @param root holds text that `withMarks` returned */
export function decorateMarks(root: Element): void {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const found: Text[] = [];
  while (walker.nextNode()) {
    const node = walker.currentNode as Text;
    if (node.data.includes('⟨U+') && node.parentElement?.tagName !== 'MARK') found.push(node);
  }
  for (const node of found) node.replaceWith(...splitAtMarks(node.data).map(toNode));
}

function toNode({ text, meaning }: { text: string; meaning: string | null }): Node | string {
  if (meaning === null) return text;
  const mark = document.createElement('mark');
  Object.assign(mark.style, LOOK);
  mark.title = meaning;
  mark.role = 'img';
  mark.ariaLabel = meaning;
  mark.textContent = text;
  return mark;
}
