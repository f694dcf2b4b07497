import { Box } from 'lucide-react';
import { inWords } from '../../../shared/lib/open-enums.js';
import { scrollable } from '../../../shared/ui/scroller.js';
import { StepRow } from './step-row.js';

interface PlainRowProps {
  id: string;
  /** The type as the server sent it. */
  type: string;
  data: unknown;
  busy?: boolean;
}

/** An item or event of a type that this build does not know: its name, which opens to its data. */
export const PlainRow = ({ id, type, data, busy = false }: PlainRowProps) => (
  <StepRow id={id} icon={Box} verb={inWords(type)} busy={busy}>
    {!isEmpty(data) && <JsonBlock label={type} value={data} />}
  </StepRow>
);

const isEmpty = (data: unknown): boolean =>
  data === null || data === undefined || (typeof data === 'object' && Object.keys(data).length === 0);

const MAX_LENGTH = 20_000;

/** A value as JSON; nothing if there is no value. */
export function JsonBlock({ label, value }: { label: string; value: unknown }) {
  if (value === undefined || value === null) return null;
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  return (
    <figure className="overflow-hidden rounded-lg border bg-card">
      <figcaption className="border-b bg-muted/50 px-3 py-1 text-2xs text-muted-foreground">
        {label}
      </figcaption>
      <pre
        {...scrollable(label)}
        className="max-h-64 overflow-auto px-3 py-2 font-mono text-xs whitespace-pre-wrap [overflow-wrap:anywhere]"
      >
        {text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text}
      </pre>
    </figure>
  );
}
