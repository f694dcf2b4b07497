const MAX_LENGTH = 20_000;

/** A value as a program would write it; nothing for no value. */
export function JsonBlock({ label, value }: { label: string; value: unknown }) {
  if (value === undefined || value === null) return null;
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  return (
    <figure className="overflow-hidden rounded-lg border bg-card">
      <figcaption className="border-b bg-muted/50 px-3 py-1 text-2xs text-muted-foreground">
        {label}
      </figcaption>
      <pre className="max-h-64 overflow-auto px-3 py-2 font-mono text-xs whitespace-pre-wrap [overflow-wrap:anywhere]">
        {text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text}
      </pre>
    </figure>
  );
}
