import { useDraft } from '../../../shared/lib/drafts.js';
import { useCreateComment } from './api/comments.js';
import { CommentField } from './comment-form.js';
import { type CommentDraft, commentDrafts, draftTextName } from './comment-drafts.js';
import { lineNumbers } from './line-numbers.js';

/** The field for a new comment. What is typed stays until the server has it. */
export function NewComment({ sessionId, draft }: { sessionId: string; draft: CommentDraft }) {
  const [text, setText] = useDraft(draftTextName(draft));
  const create = useCreateComment(sessionId);
  const { key: idempotencyKey, ...at } = draft;
  const lines = lineNumbers(at.first_line, at.last_line);
  const close = () => commentDrafts.close(sessionId, draft);
  return (
    <CommentField
      label={`Comment on ${lines.toLowerCase()}`}
      text={text}
      onText={setText}
      action="Comment"
      busy={create.isPending}
      error={create.error}
      onSave={(saved) =>
        create.mutate({ body: { ...at, text: saved }, idempotencyKey }, { onSuccess: close })
      }
      onCancel={close}
      takesFocus={() => commentDrafts.takesFocus(draft)}
    >
      <span className="text-xs text-muted-foreground">
        {lines}
        {at.side === 'old' && ' before the change'}
      </span>
    </CommentField>
  );
}
