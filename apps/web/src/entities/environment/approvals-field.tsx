import type { ApprovalMode } from '@saas-codex/contracts/approval-questions';
import { useQuery } from '@tanstack/react-query';
import { useId } from 'react';
import { systemQuery } from '../../shared/api/get-system.js';

interface ApprovalsFieldProps {
  mode: ApprovalMode;
  onChange: (mode: ApprovalMode) => void;
}

/** Whether Codex asks before it acts. */
export function ApprovalsField({ mode, onChange }: ApprovalsFieldProps) {
  const id = useId();
  const { data: system } = useQuery(systemQuery);
  const unsupported = system !== undefined && system.capabilities?.approvals !== true;
  return (
    <label className="flex items-start gap-2.5 px-2.5 py-2">
      <input
        type="checkbox"
        checked={mode === 'ask'}
        disabled={unsupported && mode === 'never'}
        onChange={(event) => onChange(event.target.checked ? 'ask' : 'never')}
        aria-labelledby={`${id}-name`}
        aria-describedby={`${id}-note`}
        className="mt-0.5 size-4 shrink-0 accent-accent"
      />
      <span>
        <span id={`${id}-name`} className="block text-sm font-medium">
          Ask before acting
        </span>
        <span id={`${id}-note`} className="block text-xs text-muted-foreground">
          {unsupported
            ? 'The engine of this installation cannot ask.'
            : 'Codex asks before every command that it does not know to be harmless, and before it changes files. The run waits until somebody answers.'}
        </span>
      </span>
    </label>
  );
}
