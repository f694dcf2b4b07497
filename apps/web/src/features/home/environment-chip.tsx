import { useQuery } from '@tanstack/react-query';
import { FolderGit2, Globe, Hammer, KeyRound } from 'lucide-react';
import type { FieldErrors } from '../../entities/environment/field-errors.js';
import { type NetworkDraft, networkErrors } from '../../entities/environment/network-draft.js';
import { NetworkFields } from '../../entities/environment/network-fields.js';
import { networkMode } from '../../entities/environment/network-modes.js';
import {
  NO_SETUP,
  scriptTitle,
  type SetupDraft,
  setupErrors,
} from '../../entities/environment/setup-draft.js';
import { SecretsField } from '../../entities/environment/secrets-field.js';
import { TrustField } from '../../entities/environment/trust-field.js';
import { SetupFields } from '../../entities/environment/setup-fields.js';
import type { NewSessionDraft } from '../../entities/session/new-session-draft.js';
import { systemQuery } from '../../shared/api/get-system.js';
import { Button } from '../../shared/ui/button.js';
import { Segmented } from '../../shared/ui/segmented.js';
import { toastUndo } from '../../shared/ui/toast.js';
import { ChipField } from './chip-field.js';
import { IncludeFields } from './include-fields.js';

export type EnvironmentPart = 'network' | 'setup' | 'secrets' | 'repository';

/** What is chosen for one repository. */
type RepositoryChoice = Pick<NewSessionDraft, 'trust' | 'include'>;

interface EnvironmentChipProps {
  network: NetworkDraft;
  setup: SetupDraft;
  /** Names. */
  secrets: string[];
  /** null: there is no repository. */
  repository: RepositoryChoice | null;
  onChange: (
    part:
      { network: NetworkDraft } | { setup: SetupDraft } | { secrets: string[] } | Partial<RepositoryChoice>,
  ) => void;
  /** The part that is shown; null: the panel is closed. The composer opens it to show what is wrong. */
  shown: EnvironmentPart | null;
  onShow: (part: EnvironmentPart | null) => void;
  /** The errors that the server found. */
  refused: Record<'network' | 'setup', FieldErrors>;
  invalid: boolean;
}

const PARTS = [
  { value: 'network', name: 'Network', icon: Globe },
  { value: 'setup', name: 'Setup', icon: Hammer },
  { value: 'secrets', name: 'Secrets', icon: KeyRound },
  { value: 'repository', name: 'Repository', icon: FolderGit2 },
] as const;

/** What the agent finds in its workspace: what its commands may reach, what is fetched, and the script that prepares it. */
export function EnvironmentChip(props: EnvironmentChipProps) {
  const { network, setup, secrets, repository, onChange, shown, onShow, refused, invalid } = props;
  const { data: system } = useQuery(systemQuery);
  const unlimited = system?.isolation === 'none';
  const errors = {
    network: { ...networkErrors(network), ...refused.network },
    setup: { ...setupErrors(setup), ...refused.setup },
  };
  const wrong = Object.keys(errors.network).length + Object.keys(errors.setup).length > 0;
  const script = scriptTitle(setup.script);
  const reach = unlimited ? 'Network not limited' : networkText(network);
  const clear = () => {
    onChange({ setup: NO_SETUP });
    toastUndo('Setup script cleared', script, () => onChange({ setup }));
  };
  return (
    <ChipField
      name="Environment"
      icon={networkMode(unlimited ? 'on' : (network.mode ?? 'off')).icon}
      text={`${reach} · ${script || 'no setup'}${secretsText(secrets)}${repositoryText(repository)}`}
      muted={!script && (unlimited || network.mode === 'off')}
      invalid={invalid || (wrong && shown === null)}
      wide
      open={shown !== null}
      onOpenChange={(open) => onShow(open ? 'network' : null)}
    >
      <div className="p-3.5">
        <Segmented
          label="Part of the environment"
          value={shown}
          onChange={onShow}
          options={PARTS.filter(({ value }) => value !== 'repository' || repository !== null)}
          className="mb-3 max-sm:[&_svg]:hidden [&>button]:flex-1"
        />
        {shown === 'network' && (
          <div className="-mx-1.5">
            <NetworkFields
              value={network}
              onChange={(next) => onChange({ network: next })}
              errors={errors.network}
            />
          </div>
        )}
        {shown === 'setup' && (
          <SetupFields value={setup} onChange={(next) => onChange({ setup: next })} errors={errors.setup} />
        )}
        {shown === 'secrets' && (
          <div className="-mx-1.5">
            <SecretsField value={secrets} onChange={(next) => onChange({ secrets: next })} />
          </div>
        )}
        {shown === 'repository' && repository && (
          <div className="-mx-1.5 mb-2">
            <TrustField trusted={repository.trust} onChange={(trust) => onChange({ trust })} />
            <IncludeFields value={repository.include} onChange={(include) => onChange({ include })} />
          </div>
        )}
        <div className="sticky bottom-0 -mx-3.5 mt-1 -mb-3.5 flex justify-end gap-2 bg-popover px-3.5 pt-2.5 pb-3.5">
          {shown === 'setup' && script && (
            <Button size="sm" variant="ghost" onClick={clear}>
              Clear
            </Button>
          )}
          <Button size="sm" variant="primary" onClick={() => onShow(null)}>
            Done
          </Button>
        </div>
      </div>
    </ChipField>
  );
}

function secretsText({ length }: string[]): string {
  if (length === 0) return '';
  return length === 1 ? ' · 1 secret' : ` · ${length} secrets`;
}

function repositoryText(choice: RepositoryChoice | null): string {
  if (choice === null) return '';
  const { trust, include } = choice;
  const words = [
    trust && 'trusted',
    include.includes('submodules') && 'submodules',
    include.includes('lfs') && 'LFS',
  ];
  return words
    .filter(Boolean)
    .map((word) => ` · ${word}`)
    .join('');
}

function networkText({ mode, hosts }: NetworkDraft): string {
  if (mode === null) return 'Choose a network';
  if (mode === 'off') return 'No network';
  if (mode === 'on') return 'Network on';
  const [first, ...more] = hosts;
  if (!first) return 'No host allowed';
  return more.length === 0 ? first.host : `${hosts.length} hosts`;
}
