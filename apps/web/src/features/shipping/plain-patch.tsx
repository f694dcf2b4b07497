import { cx } from '../../shared/lib/cx.js';
import { VisibleText } from '../../shared/ui/visible-text.js';

const LOOKS: Partial<Record<string, string>> = {
  '+': 'bg-success-soft text-success',
  '-': 'bg-destructive-soft text-destructive',
  '@': 'text-subtle-foreground',
};

/** The changed lines of a file, to be read before they go out. */
export function PlainPatch({ patch, truncated }: { patch: string; truncated: boolean }) {
  const start = patch.search(/^@@ /m);
  if (start < 0) return <p className="text-xs text-muted-foreground">No lines changed.</p>;
  const lines = patch.slice(start).replace(/\n$/, '').split('\n');
  return (
    <>
      <pre
        tabIndex={0}
        aria-label="Changed lines"
        className="max-h-60 overflow-auto rounded-md border bg-muted/40 py-1 font-mono text-xs/[18px]"
      >
        {lines.map((line, index) => (
          <div key={index} className={cx('w-fit min-w-full px-2', LOOKS[line[0] ?? ''])}>
            <VisibleText>{line === '' ? ' ' : line}</VisibleText>
          </div>
        ))}
      </pre>
      {truncated && (
        <p className="mt-1 text-xs text-muted-foreground">The rest of these lines is too long to show.</p>
      )}
    </>
  );
}
