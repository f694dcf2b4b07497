import { NETWORK_MODES, type NetworkMode } from '@saas-codex/contracts/network';
import { useQuery } from '@tanstack/react-query';
import { systemQuery } from '../../shared/api/get-system.js';
import { TextAreaField } from '../../shared/ui/text-area-field.js';
import { Segmented } from '../../shared/ui/segmented.js';
import { errorsBelow, type FieldErrors } from './field-errors.js';
import { HostList } from './host-list.js';
import type { NetworkDraft } from './network-draft.js';
import { hasHosts, networkLimit, networkMode } from './network-modes.js';
import type { SetupDraft } from './setup-draft.js';

interface SetupFieldsProps {
  value: SetupDraft;
  onChange: (draft: SetupDraft) => void;
  errors: FieldErrors;
}

/** The script, and what it may reach. */
export function SetupFields({ value, onChange, errors }: SetupFieldsProps) {
  return (
    <div className="space-y-3.5">
      <TextAreaField
        label="Setup script"
        hint="Bash runs it once in the workspace, before the first prompt. It stops at the first command that fails."
        error={errors['/script'] && `The script ${errors['/script']}`}
        autoFocus
        value={value.script}
        onChange={(event) => onChange({ ...value, script: event.target.value })}
        placeholder={'npm ci\nnpm run build'}
        spellCheck={false}
        autoCapitalize="off"
        inputClassName="max-h-[32vh] min-h-28 font-mono text-xs/[18px]"
      />
      <SetupNetwork value={value} onChange={onChange} errors={errorsBelow(errors, '/network')} />
    </div>
  );
}

type Choice = NetworkMode | 'session';

function SetupNetwork({ value, onChange, errors }: SetupFieldsProps) {
  const { data: system } = useQuery(systemQuery);
  const limit = networkLimit(system?.isolation);
  const choice: Choice | null = value.asSession ? 'session' : value.network.mode;
  const options = [
    { value: 'session' as const, name: 'As the session' },
    ...NETWORK_MODES.map((mode) => ({
      value: mode,
      name: networkMode(mode).name,
      disabled: limit !== null && hasHosts(mode),
    })),
  ];
  const choose = (next: Choice) => {
    if (next === 'session') onChange({ ...value, asSession: true });
    else onChange({ ...value, asSession: false, network: { ...value.network, mode: next } });
  };
  const changeNetwork = (network: NetworkDraft) => onChange({ ...value, network });
  return (
    <fieldset>
      <legend className="mb-1.5 text-xs font-medium">Network while it runs</legend>
      <Segmented<Choice>
        label="Network while it runs"
        value={choice}
        onChange={choose}
        options={options}
        className="[&>button]:flex-auto [&>button]:px-1.5"
      />
      <p className="mt-1.5 text-xs text-muted-foreground">
        {choice === 'session' ? 'It may reach what the agent may reach.' : choice && networkMode(choice).note}{' '}
        {errors['/mode']} {limit}
      </p>
      {choice !== null && hasHosts(choice) && (
        <div className="mt-2.5">
          <HostList
            hosts={value.network.hosts}
            onChange={(hosts) => changeNetwork({ ...value.network, hosts })}
            errors={errorsBelow(errors, '/hosts')}
          />
        </div>
      )}
    </fieldset>
  );
}
