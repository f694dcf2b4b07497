import { completedAddress } from '@saas-codex/contracts/repository-address';
import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import { Cpu, FolderGit2, GitBranch, PackageOpen } from 'lucide-react';
import { useState } from 'react';
import { useAllowedModels } from '../../entities/run/prompt-model.js';
import { ApiError } from '../../shared/api/api-error.js';
import { systemQuery } from '../../shared/api/get-system.js';
import { repoName } from '../../shared/lib/repo-name.js';
import { useRepositoryRefs, useRepositorySearch } from './api/repositories.js';
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

/** A typed or pasted address, a recent one, one that a connected forge has, or an empty repository. */
export function RepositoryChip({ recent, ...props }: ChipProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const { repositories, failed, isSearching } = useRepositorySearch(typed);
  return (
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
      found={repositories.map(({ repo_url, name }) => ({
        value: repo_url,
        text: name,
        note: hostOf(repo_url),
      }))}
      onTyped={setTyped}
      note={<SearchNote failed={failed.map(({ detail }) => detail)} isSearching={isSearching} />}
      fallback={{ text: 'Start with an empty repository', icon: PackageOpen }}
      placeholder="owner/name, or https://…"
      hint="On GitHub, at a forge that is connected in Settings, or any address that this server can reach."
      complete={(text) => completedAddress(text) ?? text}
    />
  );
}

/** @param repository the address: what was chosen for it before is suggested, then what it has */
export function RefChip({ recent, repository, ...props }: ChipProps & { repository: string }) {
  const [typed, setTyped] = useState<string | null>(null);
  const { data: refs, error, isFetching } = useRepositoryRefs(repository, typed !== null);
  const named = (names: readonly string[], note: string) =>
    names
      .filter((name) => name.toLowerCase().includes((typed ?? '').toLowerCase()))
      .slice(0, MAX_REFS)
      .map((value) => ({ value, note }));
  return (
    <ChoicePicker
      {...props}
      name="Branch, tag or commit"
      icon={GitBranch}
      text={props.value || 'Default branch'}
      suggestions={distinct(
        recent.filter((session) => session.repo_url === repository).map((session) => session.ref),
      ).map((value) => ({ value }))}
      found={refs ? [...named(refs.branches, 'branch'), ...named(refs.tags, 'tag')] : []}
      onTyped={setTyped}
      note={<SearchNote failed={error ? [sentenceOf(error)] : []} isSearching={isFetching} />}
      fallback={{
        text: refs?.default_branch ? `Default branch: ${refs.default_branch}` : 'Default branch',
        icon: GitBranch,
      }}
      placeholder="Branch, tag or commit"
      hint={
        refs?.is_complete === false
          ? 'There are too many to list. Type the name.'
          : 'Those that you used with this repository come first.'
      }
    />
  );
}

/** Nothing while all goes well. */
const SearchNote = ({ failed, isSearching }: { failed: readonly string[]; isSearching: boolean }) => (
  <div role="status" className="border-t px-3.5 py-2 text-xs empty:hidden">
    {isSearching && <span className="text-muted-foreground">Searching…</span>}
    {!isSearching &&
      failed.map((detail) => (
        <p key={detail} className="text-destructive">
          {detail}
        </p>
      ))}
  </div>
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
/** Of branches, and of tags. */
const MAX_REFS = 40;

const sentenceOf = (error: Error) =>
  error instanceof ApiError ? error.detail : 'The branches could not be read. Try again.';

/** Without duplicates, in order. */
const distinct = (values: readonly (string | null)[]): string[] =>
  [...new Set(values.filter((value) => value !== null))].slice(0, MAX_SUGGESTIONS);

const hostOf = (address: string): string =>
  /^(?:[a-z+]+:\/\/)?(?:[^@/]*@)?([^/:]+)/i.exec(address)?.[1] ?? '';
