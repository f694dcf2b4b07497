import { MAX_PROMPT_LENGTH, type StartReview } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { useState } from 'react';
import { useStartReview } from '../../entities/run/api/start-codex-run.js';
import { tooLong } from '../../shared/lib/too-long.js';
import { ActionDialog } from '../../shared/ui/action-dialog.js';
import { Segmented } from '../../shared/ui/segmented.js';
import { TextAreaField } from '../../shared/ui/text-area-field.js';

type Target = StartReview['target']['type'];

const TARGETS: readonly { value: Target; name: string; note: string }[] = [
  { value: 'base', name: 'Whole session', note: 'Everything that has changed since the session began.' },
  { value: 'changes', name: 'Not committed', note: 'What is in the work tree and in no commit yet.' },
  { value: 'custom', name: 'Something else', note: 'Say what to review, and what to look for.' },
];

/** Has Codex look for mistakes. */
export function ReviewDialog({ session, onClose }: { session: Session; onClose: () => void }) {
  const [type, setType] = useState<Target>('base');
  const [text, setText] = useState('');
  const review = useStartReview(session.session_id);
  const problem = tooLong(text, MAX_PROMPT_LENGTH);
  const isCustom = type === 'custom';
  const target = isCustom ? { type, instructions: text } : { type };
  return (
    <ActionDialog
      title="Review"
      description="Codex looks for mistakes, and reports what it finds."
      action="Start review"
      disabled={isCustom && (text.trim() === '' || problem !== undefined)}
      state={review}
      onSubmit={() => review.mutate({ target }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <div>
        <Segmented label="What to review" value={type} onChange={setType} options={TARGETS} />
        <p className="mt-2 text-xs text-muted-foreground">
          {TARGETS.find(({ value }) => value === type)?.note}
        </p>
      </div>
      {isCustom && (
        <TextAreaField
          label="Instructions"
          hideLabel
          value={text}
          error={problem}
          onChange={(event) => setText(event.target.value)}
          inputClassName="max-h-60 min-h-20 text-sm"
        />
      )}
    </ActionDialog>
  );
}
