import { Children, type ComponentProps, type CSSProperties, useEffect, useState } from 'react';
import { type ExtraProps, useIsCodeFenceIncomplete } from 'streamdown';
import { CopyButton } from '../ui/copy-button.js';
import { type CodeLine, highlight } from './highlight.js';

const LANGUAGE = /language-([^\s]+)/;

/** A fenced block: readable at once, coloured when the grammar has come. */
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
