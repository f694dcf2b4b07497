import { createElement, memo, type ReactNode, useEffect, useId, useState } from 'react';
import { cx } from '../../../shared/lib/cx.js';
import { CodeBlock } from './code-block.js';
import { MarkdownParser } from './markdown-parser.js';
import type { MarkdownAnswer } from './markdown.worker.js';
import type { MarkdownElement } from './parse-markdown.js';
import './markdown.css';

const parser = new MarkdownParser(
  () => new Worker(new URL('./markdown.worker.ts', import.meta.url), { type: 'module' }),
);

/** Loads the parser while the text is still on its way. */
export const prepareMarkdown = (): void => parser.prepare();

interface MarkdownProps {
  text: string;
  /** The text still grows: open markup is closed, and code is not coloured yet. */
  streaming?: boolean;
  muted?: boolean;
}

/** The agent's text. It is shown as it is until it is parsed, and if parsing takes too long. */
export const Markdown = memo(({ text, streaming = false, muted = false }: MarkdownProps) => {
  const blocks = useBlocks(text, streaming);
  return (
    <div className={cx('markdown', muted && 'markdown-muted')}>
      {blocks ? (
        blocks.map((json, index) => (
          <Block key={index} json={json} growing={streaming && index === blocks.length - 1} />
        ))
      ) : (
        <p className="whitespace-pre-wrap">{text}</p>
      )}
    </div>
  );
});

/** The blocks of the latest text that is parsed; null: there are none. */
function useBlocks(text: string, growing: boolean): MarkdownAnswer {
  const owner = useId();
  const [blocks, setBlocks] = useState<MarkdownAnswer>(() => parser.recall({ text, growing }) ?? null);
  useEffect(() => parser.request(owner, { text, growing, onParsed: setBlocks }), [owner, text, growing]);
  useEffect(() => () => parser.cancel(owner), [owner]);
  return blocks;
}

const Block = memo(({ json, growing }: { json: string; growing: boolean }) =>
  render(JSON.parse(json) as MarkdownElement, growing),
);

/**
 * A link's address is checked. An image becomes a link, since loading it would reveal to its host who reads the answer
 * and when, so the reader decides.
 */
function render(element: MarkdownElement, growing: boolean): ReactNode {
  const { tag, props } = element;
  const children = element.children.map((child) =>
    typeof child === 'string' ? child : render(child, growing),
  );
  switch (tag) {
    case 'a':
      return link(props['href'], children);
    case 'img':
      return link(props['src'], [props['alt'] || 'image']);
    case 'pre':
      return <CodeBlock pre={element} growing={growing} />;
    case 'table':
      return (
        <div className="table-scroll" role="region" aria-label="Table" tabIndex={0}>
          {createElement(tag, props, ...children)}
        </div>
      );
    default:
      return createElement(tag, props, ...children);
  }
}

const SAFE = /^(?:https?:\/\/|mailto:)/i;

/** A link to another site. An address that we do not open, such as a file of the repository, is plain text. */
function link(address: unknown, children: ReactNode[]): ReactNode {
  const href = typeof address === 'string' ? address : undefined;
  if (!href || !SAFE.test(href)) return createElement('code', { title: href }, ...children);
  const props = { href, target: '_blank', rel: 'noopener noreferrer nofollow', title: href };
  return createElement('a', props, ...children);
}
