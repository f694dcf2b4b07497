import { Lock, Users } from 'lucide-react';
import { cx } from '../../shared/lib/cx.js';

interface PrivateChipProps {
  value: boolean;
  onChange: (value: boolean) => void;
}

/** A switch: only the person who starts the session sees it, or everybody in the organisation. */
export function PrivateChip({ value, onChange }: PrivateChipProps) {
  const Icon = value ? Lock : Users;
  return (
    <button
      type="button"
      role="switch"
      aria-checked={value}
      aria-label="Private"
      title={value ? 'Only you see this session' : 'Everybody in your organisation sees this session'}
      onClick={() => onChange(!value)}
      className={cx(
        'inline-flex h-8 min-w-0 items-center gap-1.5 rounded-lg px-2 text-sm hover:bg-hover max-sm:shrink-0 pointer-coarse:h-11',
        !value && 'text-muted-foreground',
      )}
    >
      <Icon aria-hidden className="size-4 shrink-0" strokeWidth={1.75} />
      <span className="truncate">{value ? 'Private' : 'Shared'}</span>
    </button>
  );
}
