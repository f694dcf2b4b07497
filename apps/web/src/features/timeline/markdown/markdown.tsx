import { memo } from 'react';
import { type Components, defaultRehypePlugins, Streamdown } from 'streamdown';
import { cx } from '../../../shared/lib/cx.js';
import { CodeBlock } from './code-block.js';
import './markdown.css';
import { MarkdownImage, MarkdownLink } from './markdown-link.js';

/**
 * The agent's text is not trusted: it may quote anything that it has read. HTML in it is shown as text (there is no
 * rehype-raw), the tree is sanitised all the same, links get a checked address and images become links, so that
 * reading an answer sends no request anywhere.
 */
const { sanitize } = defaultRehypePlugins;
const REHYPE_PLUGINS = sanitize ? [sanitize] : [];

const BARE = 'p h1 h2 h3 h4 h5 h6 ul ol li blockquote hr strong thead tbody tr th td sup sub section'.split(
  ' ',
);

const COMPONENTS: Components = {
  ...Object.fromEntries(BARE.map((tag) => [tag, tag])),
  a: MarkdownLink,
  img: MarkdownImage,
  code: CodeBlock,
  inlineCode: ({ children }) => <code>{children}</code>,
  table: ({ children }) => (
    <div className="table-scroll" role="region" aria-label="Table">
      <table>{children}</table>
    </div>
  ),
};

interface MarkdownProps {
  text: string;
  /** The text is still growing: what is half written is closed, and code waits for its colours. */
  streaming?: boolean;
  muted?: boolean;
}

export const Markdown = memo(({ text, streaming = false, muted = false }: MarkdownProps) => (
  <div className={cx('markdown', muted && 'markdown-muted')}>
    <Streamdown
      components={COMPONENTS}
      rehypePlugins={REHYPE_PLUGINS}
      parseIncompleteMarkdown={streaming}
      isAnimating={streaming}
      controls={false}
      className="contents"
    >
      {text}
    </Streamdown>
  </div>
));
