import { ReasoningEffort } from '@saas-codex/contracts/models';
import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import { Cpu } from 'lucide-react';
import { z } from 'zod';
import {
  effortActions,
  modelText,
  type PromptModel,
  useAllowedModels,
} from '../../entities/run/prompt-model.js';
import { systemQuery } from '../../shared/api/get-system.js';
import { cx } from '../../shared/lib/cx.js';
import { useDraft } from '../../shared/lib/drafts.js';
import { DropdownMenu } from '../../shared/ui/menu.js';
import { Tooltip } from '../../shared/ui/tooltip.js';

const Chosen = z.object({ model: z.string().optional(), effort: ReasoningEffort.optional() }).catch({});

/** What the next prompts of a session are sent with, until it is changed. Kept with the person's drafts. */
export function usePromptModel(sessionId: string): [PromptModel, (chosen: PromptModel) => void] {
  const [text, write] = useDraft(`model/${sessionId}`);
  const change = (chosen: PromptModel) => write(chosen.model || chosen.effort ? JSON.stringify(chosen) : '');
  return [parse(text), change];
}

function parse(text: string): PromptModel {
  try {
    return Chosen.parse(JSON.parse(text || '{}'));
  } catch {
    return {};
  }
}

interface ModelPickerProps {
  session: Session;
  chosen: PromptModel;
  onChange: (chosen: PromptModel) => void;
}

/** Chooses the model and how long it reasons. Not shown with the demo model, which offers no choice. */
export function ModelPicker({ session, chosen, onChange }: ModelPickerProps) {
  const { data: system } = useQuery(systemQuery);
  const allowed = useAllowedModels();
  if (!system || system.model_source === 'demo') return null;
  const standard = session.model ?? system.default_model ?? 'chosen by Codex';
  // One that is no longer allowed is still shown as chosen: the server says which ones are.
  const models = [...new Set([...allowed, ...(chosen.model ? [chosen.model] : [])])].filter(
    (model) => model !== standard,
  );
  const effort = session.reasoning_effort ? `Default: ${session.reasoning_effort} effort` : 'Default effort';
  const text = modelText({ model: chosen.model ?? null, reasoning_effort: chosen.effort ?? null });
  const actions = [
    {
      label: `Default: ${standard}`,
      checked: !chosen.model,
      onSelect: () => onChange({ ...chosen, model: undefined }),
    },
    ...models.map((model) => ({
      label: model,
      checked: chosen.model === model,
      onSelect: () => onChange({ ...chosen, model }),
    })),
    null,
    ...effortActions(chosen.effort, (next) => onChange({ ...chosen, effort: next }), effort),
  ];
  const label = `Model: ${text || standard}`;
  return (
    <Tooltip label={label} side="top">
      <span>
        <DropdownMenu actions={actions}>
          <button
            type="button"
            aria-label={label}
            className={cx(
              'flex h-8 min-w-8 items-center justify-center gap-1.5 rounded-full px-2 text-xs text-muted-foreground',
              'hover:bg-hover hover:text-foreground data-[state=open]:bg-hover pointer-coarse:h-11 pointer-coarse:min-w-11',
            )}
          >
            <Cpu aria-hidden className="size-4 shrink-0" strokeWidth={1.75} />
            {text && <span className="max-w-44 truncate max-sm:hidden">{text}</span>}
          </button>
        </DropdownMenu>
      </span>
    </Tooltip>
  );
}
