import { MAX_COMMENT_LENGTH } from '@saas-codex/contracts/comments';
import { type KeyboardEvent, type ReactNode, useEffect, useEffectEvent, useRef } from 'react';
import { isConverting } from '../../../shared/lib/enter-key.js';
import { tooLong } from '../../../shared/lib/too-long.js';
import { AutoTextarea } from '../../../shared/ui/auto-textarea.js';
import { Button } from '../../../shared/ui/button.js';
import { ErrorNotice } from '../../../shared/ui/error-notice.js';

interface CommentFieldProps {
  label: string;
  text: string;
  onText: (text: string) => void;
  /** What the button says. */
  action: string;
  busy: boolean;
  error: Error | null;
  onSave: (text: string) => void;
  onCancel: () => void;
  /** Asked once. */
  takesFocus: () => boolean;
  children?: ReactNode;
}

/** The field in which a comment is written. ⌘/Ctrl+Enter saves it; Escape leaves it if it is empty. */
export function CommentField({
  label,
  text,
  onText,
  action,
  busy,
  error,
  onSave,
  onCancel,
  takesFocus,
  children,
}: CommentFieldProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const problem = tooLong(text, MAX_COMMENT_LENGTH);
  const ready = text.trim() !== '' && !problem && !busy;
  const focus = useEffectEvent(() => {
    const { current } = field;
    if (!takesFocus()) return;
    current?.focus({ preventScroll: true });
    current?.setSelectionRange(current.value.length, current.value.length);
    current?.scrollIntoView({ block: 'nearest' });
  });
  useEffect(() => focus(), []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (isConverting(event.nativeEvent)) return;
    const saves = event.key === 'Enter' && (event.metaKey || event.ctrlKey);
    const leaves = event.key === 'Escape' && text.trim() === '';
    if (!saves && !leaves) return;
    event.preventDefault();
    event.stopPropagation();
    if (leaves) onCancel();
    else if (ready) onSave(text.trim());
  };
  return (
    <div className="space-y-2">
      <AutoTextarea
        ref={field}
        aria-label={label}
        aria-invalid={problem !== undefined}
        placeholder="Write a comment"
        value={text}
        onChange={(event) => onText(event.target.value)}
        onKeyDown={onKeyDown}
        className="max-h-60 min-h-16 rounded-lg border bg-background px-2.5 py-2 text-sm focus:border-ring pointer-coarse:text-base"
      />
      {problem && (
        <p role="alert" className="text-xs text-destructive">
          {problem}
        </p>
      )}
      {error && <ErrorNotice error={error} />}
      <div className="flex flex-wrap items-center gap-2">
        <Button size="sm" variant="primary" busy={busy} disabled={!ready} onClick={() => onSave(text.trim())}>
          {action}
        </Button>
        <Button size="sm" variant="ghost" onClick={onCancel}>
          Cancel
        </Button>
        {children}
      </div>
    </div>
  );
}
