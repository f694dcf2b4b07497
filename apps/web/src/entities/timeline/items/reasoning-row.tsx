import { Sparkle } from 'lucide-react';
import { Markdown } from '../markdown/markdown.js';
import { StepRow } from './step-row.js';

const HEADING = /^\s*\*\*(.+?)\*\*\s*/;
const MAX_TITLE = 110;

/** The agent's reasoning: its heading or first line, which opens to the rest. */
export function ReasoningRow({ id, text, busy }: { id: string; text: string; busy: boolean }) {
  const heading = HEADING.exec(text);
  const title =
    heading?.[1] ??
    text
      .trim()
      .replace(/\n[^]*/, '')
      .slice(0, MAX_TITLE);
  const body = heading ? text.slice(heading[0].length).trim() : text.trim();
  const more = body !== '' && body !== title;
  return (
    <StepRow
      id={id}
      icon={Sparkle}
      verb={busy ? 'Thinking' : 'Thought'}
      target={<span className="text-muted-foreground">· {title || '…'}</span>}
      busy={busy}
    >
      {more && <Markdown text={body} streaming={busy} muted />}
    </StepRow>
  );
}
