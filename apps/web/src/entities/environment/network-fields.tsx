import { NETWORK_MODES, type NetworkMode } from '@saas-codex/contracts/network';
import { useQuery } from '@tanstack/react-query';
import { RadioGroup } from 'radix-ui';
import { useId } from 'react';
import { systemQuery } from '../../shared/api/get-system.js';
import { cx } from '../../shared/lib/cx.js';
import { errorsBelow, type FieldErrors } from './field-errors.js';
import { HostList } from './host-list.js';
import type { NetworkDraft } from './network-draft.js';
import { hasHosts, networkLimit, networkMode } from './network-modes.js';

interface NetworkFieldsProps {
  value: NetworkDraft;
  onChange: (draft: NetworkDraft) => void;
  errors: FieldErrors;
}

/** The choice between off, an allow list and on, with an explanation of each. */
export function NetworkFields({ value, onChange, errors }: NetworkFieldsProps) {
  const { data: system } = useQuery(systemQuery);
  const limit = networkLimit(system?.isolation);
  return (
    <div className="space-y-2.5">
      <RadioGroup.Root
        aria-label="Network"
        value={value.mode ?? ''}
        onValueChange={(mode) => onChange({ ...value, mode: mode as NetworkMode })}
        className="space-y-0.5"
      >
        {NETWORK_MODES.map((mode) => (
          <ModeChoice key={mode} mode={mode} disabled={limit !== null && hasHosts(mode)} />
        ))}
      </RadioGroup.Root>
      {limit && (
        <p className="rounded-lg bg-warning-soft px-2.5 py-2 text-xs text-muted-foreground">{limit}</p>
      )}
      {errors['/mode'] && <p className="px-2.5 text-xs text-muted-foreground">{errors['/mode']}</p>}
      {value.mode !== null && hasHosts(value.mode) && (
        <HostList
          hosts={value.hosts}
          onChange={(hosts) => onChange({ ...value, hosts })}
          errors={errorsBelow(errors, '/hosts')}
        />
      )}
    </div>
  );
}

function ModeChoice({ mode, disabled }: { mode: NetworkMode; disabled: boolean }) {
  const { name, icon: Icon, note } = networkMode(mode);
  const id = useId();
  return (
    <RadioGroup.Item
      value={mode}
      disabled={disabled}
      aria-label={name}
      aria-describedby={id}
      className={cx(
        'group/mode flex w-full items-start gap-2.5 rounded-lg px-2.5 py-2 text-left hover:bg-hover',
        'data-[state=checked]:bg-selected disabled:cursor-not-allowed disabled:opacity-50 disabled:hover:bg-transparent',
      )}
    >
      <Icon
        aria-hidden
        strokeWidth={1.75}
        className="mt-0.5 size-4 shrink-0 text-muted-foreground group-data-[state=checked]/mode:text-foreground"
      />
      <span className="min-w-0 flex-1">
        <span className="block text-sm font-medium">{name}</span>
        <span id={id} className="block text-xs text-muted-foreground">
          {note}
        </span>
      </span>
      <span
        aria-hidden
        className="mt-1 flex size-3.5 shrink-0 items-center justify-center rounded-full border border-subtle-foreground/70 group-data-[state=checked]/mode:border-foreground"
      >
        <span className="size-1.5 rounded-full bg-foreground opacity-0 group-data-[state=checked]/mode:opacity-100" />
      </span>
    </RadioGroup.Item>
  );
}
