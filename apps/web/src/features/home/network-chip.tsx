import { useQuery } from '@tanstack/react-query';
import { type NetworkDraft, networkErrors } from '../../entities/environment/network-draft.js';
import { NetworkFields } from '../../entities/environment/network-fields.js';
import { networkMode } from '../../entities/environment/network-modes.js';
import { systemQuery } from '../../shared/api/get-system.js';
import { ChipField, type DraftChipProps } from './chip-field.js';

/** What commands may reach. The choice is kept for the next session. */
export function NetworkChip({
  value,
  onChange,
  open,
  onOpenChange,
  refused,
  invalid,
}: DraftChipProps<NetworkDraft>) {
  const { data: system } = useQuery(systemQuery);
  const unlimited = system?.isolation === 'none';
  const errors = { ...networkErrors(value), ...refused };
  const wrong = Object.keys(errors).length > 0;
  return (
    <ChipField
      name="Network"
      icon={networkMode(unlimited ? 'on' : (value.mode ?? 'off')).icon}
      text={unlimited ? 'Network not limited' : chipText(value)}
      muted={unlimited || value.mode === 'off'}
      invalid={invalid || (wrong && !open)}
      open={open}
      onOpenChange={onOpenChange}
    >
      <div className="p-2">
        <NetworkFields value={value} onChange={onChange} errors={errors} />
      </div>
    </ChipField>
  );
}

function chipText({ mode, hosts }: NetworkDraft): string {
  if (mode === null) return 'Choose a network';
  if (mode === 'off') return 'No network';
  if (mode === 'on') return 'Network on';
  const [first, ...more] = hosts;
  if (!first) return 'No host allowed';
  return more.length === 0 ? first.host : `${hosts.length} hosts`;
}
