import { completedAddress } from '@saas-codex/contracts/repository-address';
import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import { Cpu, FolderGit2, GitBranch, PackageOpen } from 'lucide-react';
import { useAllowedModels } from '../../entities/run/prompt-model.js';
import { systemQuery } from '../../shared/api/get-system.js';
import { repoName } from '../../shared/lib/repo-name.js';
import { ChoicePicker } from './choice-picker.js';

interface ChipProps {
  value: string;
  onChange: (value: string) => void;
  /** Called after a choice, once the panel has closed. */
  onChosen: () => void;
  /** The latest sessions. What they used is suggested. */
  recent: readonly Session[];
  invalid: boolean;
}

/** A typed or pasted address, a recent one, or an empty repository. */
export const RepositoryChip = ({ recent, ...props }: ChipProps) => (
  <ChoicePicker
    {...props}
    name="Repository"
    icon={FolderGit2}
    text={repoName(props.value) ?? (props.value || 'Empty repository')}
    suggestions={distinct(recent.map((session) => session.repo_url)).map((address) => ({
      value: address,
      text: repoName(address) ?? address,
      note: hostOf(address),
    }))}
    fallback={{ text: 'Start with an empty repository', icon: PackageOpen }}
    placeholder="owner/name, or https://…"
    hint="On GitHub, or an https or ssh address that this server can reach."
    complete={(typed) => completedAddress(typed) ?? typed}
  />
);

/** @param repository the address: what was chosen for it before is suggested */
export const RefChip = ({ recent, repository, ...props }: ChipProps & { repository: string }) => (
  <ChoicePicker
    {...props}
    name="Branch, tag or commit"
    icon={GitBranch}
    text={props.value || 'Default branch'}
    suggestions={distinct(
      recent.filter((session) => session.repo_url === repository).map((session) => session.ref),
    ).map((value) => ({ value }))}
    fallback={{ text: 'Default branch', icon: GitBranch }}
    placeholder="Branch, tag or commit"
    hint="Those that you used with this repository are suggested."
  />
);

/** Not shown with the demo model, which offers no choice. */
export function ModelChip({ recent, ...props }: ChipProps) {
  const { data: system } = useQuery(systemQuery);
  const allowed = useAllowedModels();
  if (!system || system.model_source === 'demo') return null;
  const standard = system.default_model ? `Default: ${system.default_model}` : 'Default model';
  return (
    <ChoicePicker
      {...props}
      name="Model"
      icon={Cpu}
      text={props.value || (system.default_model ?? 'Default model')}
      suggestions={distinct([...allowed, ...recent.map((session) => session.model)]).map((value) => ({
        value,
      }))}
      fallback={{ text: standard, icon: Cpu }}
      placeholder="Name of a model"
      hint="Those that your organisation allows are suggested."
    />
  );
}

const MAX_SUGGESTIONS = 8;

/** Without duplicates, in order. */
const distinct = (values: readonly (string | null)[]): string[] =>
  [...new Set(values.filter((value) => value !== null))].slice(0, MAX_SUGGESTIONS);

const hostOf = (address: string): string =>
  /^(?:[a-z+]+:\/\/)?(?:[^@/]*@)?([^/:]+)/i.exec(address)?.[1] ?? '';
