import type { ComponentProps } from 'react';
import type { ExtraProps } from 'streamdown';

const SAFE = /^(?:https?:\/\/|mailto:)/i;

/** A link that leaves the page, or plain text when its address is none that we open (a file of the repository, say). */
export function MarkdownLink({ href, children }: ComponentProps<'a'> & ExtraProps) {
  if (!href || !SAFE.test(href)) return <code title={href}>{children}</code>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow" title={href}>
      {children}
    </a>
  );
}

/** Loading an image would tell its host that, and where, the answer is read: the reader decides. */
export function MarkdownImage({ src, alt }: ComponentProps<'img'> & ExtraProps) {
  return <MarkdownLink href={typeof src === 'string' ? src : undefined}>{alt || 'image'}</MarkdownLink>;
}
