import type { UnknownItem } from '@saas-codex/contracts/items';
import { Box } from 'lucide-react';
import { StepRow } from './step-row.js';

/** An item of a type that this version does not know: named, and shown as it came. */
export function GenericRow({ id, item, busy }: { id: string; item: UnknownItem; busy: boolean }) {
  const { id: _id, type, ...rest } = item;
  const words = type.replaceAll('_', ' ');
  return (
    <StepRow id={id} icon={Box} verb={words.charAt(0).toUpperCase() + words.slice(1)} busy={busy}>
      {Object.keys(rest).length > 0 && <JsonBlock label={type} value={rest} />}
    </StepRow>
  );
}

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
