import { useQuery } from '@tanstack/react-query';
import { FlaskConical, X } from 'lucide-react';
import { systemQuery } from '../shared/api/get-system.js';
import { createStore, useStore } from '../shared/lib/store.js';
import { IconButton } from '../shared/ui/icon-button.js';

/** Until the next visit. The sidebar always keeps its label. */
const dismissed = createStore(false);

export function DemoBanner() {
  const { data: system } = useQuery(systemQuery);
  const hidden = useStore(dismissed);
  if (system?.model_source !== 'demo' || hidden) return null;
  return (
    <aside
      aria-label="Demo model"
      className="flex min-h-9 shrink-0 items-center gap-2 border-b border-warning/20 bg-warning-soft py-1 pr-1.5 pl-4 text-xs"
    >
      <FlaskConical aria-hidden className="size-3.5 shrink-0 text-warning" />
      <p className="flex-1">
        <strong className="font-medium">Scripted demo, not an AI.</strong>{' '}
        <span className="text-muted-foreground">
          Set <code className="font-mono text-foreground">CODEX_API_KEY</code> and restart to use a real
          model.
        </span>
      </p>
      <IconButton label="Dismiss until the next visit" size="sm" onClick={() => dismissed.write(true)}>
        <X />
      </IconButton>
    </aside>
  );
}
