import type { ReasoningEffort } from '@saas-codex/contracts/models';
import { useQuery } from '@tanstack/react-query';
import { Gauge } from 'lucide-react';
import { effortActions } from '../../entities/run/prompt-model.js';
import { systemQuery } from '../../shared/api/get-system.js';
import { cx } from '../../shared/lib/cx.js';
import { DropdownMenu } from '../../shared/ui/menu.js';

interface EffortChipProps {
  value: ReasoningEffort | undefined;
  onChange: (value: ReasoningEffort | undefined) => void;
}

/** How long the model reasons before it answers. Not shown with the demo model, which does not. */
export function EffortChip({ value, onChange }: EffortChipProps) {
  const { data: system } = useQuery(systemQuery);
  if (!system || system.model_source === 'demo') return null;
  const text = value ? `${value.charAt(0).toUpperCase()}${value.slice(1)} effort` : 'Default effort';
  return (
    <DropdownMenu align="start" actions={effortActions(value, onChange, 'Default effort')}>
      <button
        type="button"
        aria-label={`Reasoning effort: ${text}`}
        className={cx(
          'inline-flex h-8 min-w-0 items-center gap-1.5 rounded-lg px-2 text-sm hover:bg-hover data-[state=open]:bg-hover max-sm:shrink-0 pointer-coarse:h-11',
          !value && 'text-muted-foreground',
        )}
      >
        <Gauge aria-hidden className="size-4 shrink-0" strokeWidth={1.75} />
        <span className="truncate">{text}</span>
      </button>
    </DropdownMenu>
  );
}
