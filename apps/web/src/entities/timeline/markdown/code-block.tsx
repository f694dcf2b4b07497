import { type CSSProperties, useEffect, useState } from 'react';
import { whenIdle } from '../../../shared/lib/when-idle.js';
import { CopyButton } from '../../../shared/ui/copy-button.js';
import type { MarkdownElement, MarkdownNode } from './parse-markdown.js';

const LANGUAGE = /language-([^\s]+)/;

interface CodeBlockProps {
  /** With its `code`. */
  pre: MarkdownElement;
  /** The code still grows: it is not coloured yet. */
  growing: boolean;
}

/** A fenced code block: shown at once, and coloured later: the rest of the page comes first. */
export function CodeBlock({ pre, growing }: CodeBlockProps) {
  const [code] = pre.children;
  if (typeof code !== 'object') return null;
  const language = LANGUAGE.exec(String(code.props['className'] ?? ''))?.[1] ?? '';
  return <Code code={textOf(code.children).replace(/\n$/, '')} language={language} growing={growing} />;
}

const textOf = (nodes: readonly MarkdownNode[]): string =>
  nodes.map((node) => (typeof node === 'string' ? node : textOf(node.children))).join('');

function Code({ code, language, growing }: { code: string; language: string; growing: boolean }) {
  const lines = useHighlighted(code, growing ? '' : language);
  return (
    <figure className="group/code my-3.5 overflow-hidden rounded-lg border bg-card">
      <figcaption className="flex h-8 items-center justify-between border-b bg-muted/50 pr-1 pl-3 text-2xs text-muted-foreground">
        <span className="font-mono">{language || 'text'}</span>
        <CopyButton
          text={code}
          label="Copy code"
          className="opacity-0 group-focus-within/code:opacity-100 group-hover/code:opacity-100 pointer-coarse:opacity-100"
        />
      </figcaption>
      <pre
        role="region"
        aria-label={`Code${language && `, ${language}`}`}
        tabIndex={0}
        className="max-h-112 overflow-auto px-3.5 py-3 font-mono text-xs [overflow-wrap:normal]"
      >
        <code>{lines ? lines.map((line, index) => <TokenLine key={index} line={line} />) : code}</code>
      </pre>
    </figure>
  );
}

const TokenLine = ({ line }: { line: CodeLine }) => (
  <>
    {line.map((token, index) => (
      <span key={index} className="code-token" style={token.style as CSSProperties}>
        {token.text}
      </span>
    ))}
    {'\n'}
  </>
);

/** Languages without colours: nothing is loaded for them. */
const PLAIN: ReadonlySet<string> = new Set(['', 'text', 'txt', 'plain', 'plaintext']);

function useHighlighted(code: string, language: string): CodeLine[] | null {
  const [result, setResult] = useState<{ code: string; lines: CodeLine[] } | null>(null);
  useEffect(() => {
    if (PLAIN.has(language.toLowerCase())) return;
    let wanted = true;
    const colour = async () => {
      const lines = await highlight(code, language);
      if (wanted && lines) setResult({ code, lines });
    };
    const cancel = whenIdle(() => void colour());
    return () => {
      wanted = false;
      cancel();
    };
  }, [code, language]);
  return result?.code === code ? result.lines : null;
}

interface CodeToken {
  readonly text: string;
  /** `--shiki-light` and `--shiki-dark`: both themes at once, so that switching needs no new rendering. */
  readonly style: Record<string, string>;
}
type CodeLine = readonly CodeToken[];

const MAX_CODE_LENGTH = 60_000;

/**
 * Colours code with the diff viewer's highlighter (Shiki on its JavaScript engine: the content security policy allows
 * no WebAssembly), which is loaded when the first block needs it. null: unknown language, or too much code.
 */
async function highlight(code: string, language: string): Promise<CodeLine[] | null> {
  if (code.length > MAX_CODE_LENGTH) return null;
  try {
    const [{ getSharedHighlighter }, { CODE_THEMES }] = await Promise.all([
      import('@pierre/diffs'),
      import('../../../shared/lib/code-themes.js'),
    ]);
    const lang = language.toLowerCase();
    const highlighter = await getSharedHighlighter({ themes: Object.values(CODE_THEMES), langs: [lang] });
    const { tokens } = highlighter.codeToTokens(code, { lang, themes: CODE_THEMES, defaultColor: false });
    return tokens.map((line) =>
      line.map(({ content, htmlStyle }) => ({ text: content, style: htmlStyle ?? {} })),
    );
  } catch {
    return null;
  }
}
