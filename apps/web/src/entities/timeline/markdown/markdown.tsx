import { type ComponentProps, memo } from 'react';
import { type Components, defaultRehypePlugins, type ExtraProps, Streamdown } from 'streamdown';
import { cx } from '../../../shared/lib/cx.js';
import { CodeBlock } from './code-block.js';
import './markdown.css';

/**
 * The agent's text is not trusted, since it may quote anything that the agent has read. HTML in it is shown as text
 * (there is no rehype-raw), the tree is sanitised nevertheless, the addresses of links are checked, and images become
 * links, so that reading an answer sends no requests.
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
  /** The text still grows: open markup is closed, and code is not coloured yet. */
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

const SAFE = /^(?:https?:\/\/|mailto:)/i;

/** A link to another site. An address that we do not open, such as a file of the repository, is plain text. */
function MarkdownLink({ href, children }: ComponentProps<'a'> & ExtraProps) {
  if (!href || !SAFE.test(href)) return <code title={href}>{children}</code>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow" title={href}>
      {children}
    </a>
  );
}

/** Loading an image would reveal to its host who reads the answer and when, so the reader decides. */
function MarkdownImage({ src, alt }: ComponentProps<'img'> & ExtraProps) {
  return <MarkdownLink href={typeof src === 'string' ? src : undefined}>{alt || 'image'}</MarkdownLink>;
}
