import { cx } from '../../shared/lib/cx.js';
import { scrollable } from '../../shared/ui/scroller.js';
import { VisibleText } from '../../shared/ui/visible-text.js';

interface Change {
  path: string;
  kind: string;
  diff?: string | undefined;
}

const KINDS: Record<string, string> = { add: 'Create', delete: 'Delete', update: 'Edit' };

/** Lines that are shown. A person who needs more declines, and asks for smaller steps. */
const MAX_LINES = 400;

/** File changes that were not made yet, with their lines. */
export const ChangePreview = ({ changes }: { changes: readonly Change[] }) =>
  changes.map(({ path, kind, diff }) => (
    <div key={path} className="mt-2 overflow-hidden rounded-lg border bg-card">
      <p className="border-b bg-muted/50 px-3 py-1.5 font-mono text-xs wrap-anywhere">
        <span className="text-muted-foreground">{KINDS[kind] ?? 'Change'} </span>
        <VisibleText>{path}</VisibleText>
      </p>
      {diff && <Lines text={diff} kind={kind} label={`Changes of ${path}`} />}
    </div>
  ));

/** Of a file that is added or deleted, Codex says what is in it; otherwise, the lines that differ. */
function Lines({ text, kind, label }: { text: string; kind: string; label: string }) {
  const sign = kind === 'add' ? '+' : kind === 'delete' ? '-' : '';
  const lines = text.replace(/\n$/, '').split('\n');
  const left = lines.length - MAX_LINES;
  return (
    <pre {...scrollable(label)} className="max-h-72 overflow-auto py-1.5 font-mono text-xs">
      {lines.slice(0, MAX_LINES).map((line, index) => (
        <Line key={index} text={sign + line} />
      ))}
      {left > 0 && <span className="px-3 text-muted-foreground">{left.toLocaleString()} more lines</span>}
    </pre>
  );
}

const LOOKS: Record<string, string> = {
  '+': 'bg-success-soft',
  '-': 'bg-destructive-soft',
  '@': 'text-muted-foreground',
};

const Line = ({ text }: { text: string }) => (
  <span className={cx('block min-w-fit px-3 whitespace-pre', LOOKS[text.charAt(0)])}>
    {text === '' ? ' ' : <VisibleText>{text}</VisibleText>}
  </span>
);
