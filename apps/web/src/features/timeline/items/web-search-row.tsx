import { Globe } from 'lucide-react';
import { StepRow } from '../ui/step-row.js';

export const WebSearchRow = ({ id, query, busy }: { id: string; query: string; busy: boolean }) => (
  <StepRow
    id={id}
    icon={Globe}
    verb={busy ? 'Searching the web for' : 'Searched the web for'}
    target={<span className="text-foreground/90">{query}</span>}
    busy={busy}
  />
);
