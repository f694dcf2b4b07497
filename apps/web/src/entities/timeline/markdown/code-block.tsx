import { Children, type ComponentProps, type CSSProperties, useEffect, useState } from 'react';
import { type ExtraProps, useIsCodeFenceIncomplete } from 'streamdown';
import { CopyButton } from '../../../shared/ui/copy-button.js';

const LANGUAGE = /language-([^\s]+)/;

/** A fenced code block: shown at once, and coloured when the grammar has loaded. */
export function CodeBlock({ className, children }: ComponentProps<'code'> & ExtraProps) {
  const incomplete = useIsCodeFenceIncomplete();
  const code = Children.toArray(children)
    .filter((child) => typeof child === 'string')
    .join('')
    .replace(/\n$/, '');
  const language = LANGUAGE.exec(className ?? '')?.[1] ?? '';
  const lines = useHighlighted(code, incomplete ? '' : language);
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
        aria-label={`Code${language && `, ${language}`}`}
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

function useHighlighted(code: string, language: string): CodeLine[] | null {
  const [result, setResult] = useState<{ code: string; lines: CodeLine[] } | null>(null);
  useEffect(() => {
    if (!language) return;
    let wanted = true;
    const colour = async () => {
      const lines = await highlight(code, language);
      if (wanted && lines) setResult({ code, lines });
    };
    void colour();
    return () => {
      wanted = false;
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
