import { REASONING_EFFORTS, ReasoningEffort } from '@saas-codex/contracts/models';
import type { Run } from '@saas-codex/contracts/runs';
import { useQuery } from '@tanstack/react-query';
import { modelsQuery } from '../../shared/api/list-models.js';
import type { MenuActions } from '../../shared/ui/menu.js';

/** What a prompt is sent with. Left out: as the session has it. */
export interface PromptModel {
  readonly model?: string | undefined;
  readonly effort?: ReasoningEffort | undefined;
}

/** The model and effort of a run in words; '': both are the defaults. */
export const modelText = ({
  model,
  reasoning_effort: effort,
}: Pick<Run, 'model' | 'reasoning_effort'>): string =>
  [model, effort && `${effort} effort`].filter(Boolean).join(' · ');

/** What sends a prompt again as this run was sent. */
export const modelOf = ({ model, reasoning_effort: effort }: Run): PromptModel => ({
  model: model ?? undefined,
  effort: ReasoningEffort.safeParse(effort).data,
});

/** The models that the organisation allows and that this version knows by name. */
export function useAllowedModels(): string[] {
  const { data } = useQuery(modelsQuery);
  return (data?.items ?? []).filter(({ allowed }) => allowed).map(({ model }) => model);
}

/** The entries of a menu that chooses the effort. @param standard the entry of no choice */
export const effortActions = (
  chosen: ReasoningEffort | undefined,
  choose: (effort: ReasoningEffort | undefined) => void,
  standard: string,
): MenuActions => [
  { label: standard, checked: chosen === undefined, onSelect: () => choose(undefined) },
  ...REASONING_EFFORTS.map((effort) => ({
    label: `${effort.charAt(0).toUpperCase()}${effort.slice(1)} effort`,
    checked: chosen === effort,
    onSelect: () => choose(effort),
  })),
];
