import { MAX_PROMPT_LENGTH, type Run } from '@saas-codex/contracts/runs';
import { ArrowDown, ArrowUp, ArrowUpToLine, Ellipsis, Image, ListEnd, Pencil, X, Zap } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from 'react';
import { isConverting, isSendKey } from '../../shared/lib/enter-key.js';
import { focusContent } from '../../shared/lib/focus.js';
import { tooLong } from '../../shared/lib/too-long.js';
import { AutoTextarea } from '../../shared/ui/auto-textarea.js';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { IconButton } from '../../shared/ui/icon-button.js';
import { DropdownMenu, type MenuActions } from '../../shared/ui/menu.js';
import type { PromptEdit } from './prompt-edit.js';

interface QueuedPromptProps {
  run: Run;
  note: string;
  /** null: it cannot be edited or moved. */
  edit: PromptEdit | null;
  onMove: (by: -1 | 1) => void;
  canMove: (by: -1 | 1) => boolean;
  /** null: no run works that takes it. */
  onSendNow: (() => void) | null;
  /** null: it is the next one already. */
  onRunNext: (() => void) | null;
  /** null: this person may not remove it. */
  onRemove: (() => void) | null;
  removing: boolean;
}

/** A queued prompt, or the field in which it is edited. */
export function QueuedPrompt({
  run,
  note,
  edit,
  onMove,
  canMove,
  onSendNow,
  onRunNext,
  onRemove,
  removing,
}: QueuedPromptProps) {
  if (edit?.editing?.runId === run.run_id) return <EditedPrompt run={run} edit={edit} />;
  const actions: MenuActions = [
    ...(onRunNext ? [{ label: 'Run next', icon: ArrowUpToLine, onSelect: onRunNext }] : []),
    { label: 'Move up', icon: ArrowUp, onSelect: () => onMove(-1), disabled: !canMove(-1) },
    { label: 'Move down', icon: ArrowDown, onSelect: () => onMove(1), disabled: !canMove(1) },
  ];
  const onKeyDown = (event: KeyboardEvent) => {
    const by = edit && moveOf(event);
    if (!by) return;
    event.preventDefault();
    onMove(by);
  };
  return (
    <QueuedRow
      prompt={run.prompt}
      images={run.images?.length}
      note={note}
      editedBy={run.edited_by?.name}
      onKeyDown={onKeyDown}
    >
      {onSendNow && (
        <IconButton label="Send now" side="top" size="sm" disabled={edit?.saving} onClick={onSendNow}>
          <Zap />
        </IconButton>
      )}
      {edit && (
        <>
          {run.kind === 'prompt' && (
            <IconButton
              label="Edit"
              side="top"
              size="sm"
              disabled={edit.saving}
              onClick={() => edit.begin(run)}
            >
              <Pencil />
            </IconButton>
          )}
          {(onRunNext !== null || canMove(-1) || canMove(1)) && (
            <DropdownMenu actions={actions}>
              <IconButton label="Order" shortcut={['alt', '↑↓']} side="top" size="sm">
                <Ellipsis />
              </IconButton>
            </DropdownMenu>
          )}
        </>
      )}
      {onRemove && (
        <IconButton label="Remove from the queue" side="top" size="sm" disabled={removing} onClick={onRemove}>
          <X />
        </IconButton>
      )}
    </QueuedRow>
  );
}

/** Alt with an arrow key moves a prompt, as it moves lines in editors. @returns by how much; null: another key */
const moveOf = ({ altKey, key }: KeyboardEvent): -1 | 1 | null =>
  !altKey ? null : key === 'ArrowUp' ? -1 : key === 'ArrowDown' ? 1 : null;

interface QueuedRowProps {
  prompt: string;
  /** How many it has. */
  images?: number | undefined;
  note: string;
  editedBy?: string | null | undefined;
  onKeyDown?: (event: KeyboardEvent) => void;
  children?: ReactNode;
}

export const QueuedRow = ({ prompt, images = 0, note, editedBy, onKeyDown, children }: QueuedRowProps) => (
  <li className="flex min-h-7 items-center pointer-coarse:min-h-11 gap-2 px-2 pointer-coarse:pr-0 text-sm">
    <ListEnd aria-hidden className="size-3.5 shrink-0 text-subtle-foreground" />
    <span className="min-w-6 text-xs text-subtle-foreground">{note}</span>
    <span title={prompt} className="min-w-0 flex-1 text-muted-foreground max-sm:line-clamp-2 sm:truncate">
      {prompt}
    </span>
    {images > 0 && (
      <span className="flex shrink-0 items-center gap-1 text-xs text-subtle-foreground">
        <Image aria-hidden className="size-3.5" />
        {images} <span className="sr-only">{images === 1 ? 'image' : 'images'}</span>
      </span>
    )}
    {editedBy && (
      <span className="max-w-28 shrink-0 truncate text-xs text-subtle-foreground max-sm:hidden">
        edited by {editedBy}
      </span>
    )}
    {children && (
      <span role="presentation" onKeyDown={onKeyDown} className="flex shrink-0 items-center">
        {children}
      </span>
    )}
  </li>
);

function EditedPrompt({ run, edit }: { run: Run; edit: PromptEdit }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const text = edit.editing?.text ?? '';
  const editedAt = run.edited_at ?? null;
  const isOutdated = edit.editing?.seenEditAt !== editedAt;
  const problem = tooLong(text, MAX_PROMPT_LENGTH);
  const ready = text.trim() !== '' && !problem && !edit.saving;
  useEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(field.current.value.length, field.current.value.length);
    return () => {
      if (document.activeElement === document.body) focusContent();
    };
  }, []);
  const save = () => {
    if (ready) edit.save(editedAt);
  };
  const discard = () => edit.discard(run);
  const onKeyDown = (event: KeyboardEvent) => {
    // The first Enter after another person's edit would replace text that this one has not read.
    if (isSendKey(event)) {
      event.preventDefault();
      if (!isOutdated) save();
    } else if (event.key === 'Escape' && !isConverting(event.nativeEvent)) {
      event.preventDefault();
      event.stopPropagation();
      discard();
    }
  };
  return (
    <li className="my-1 rounded-lg border border-input bg-card p-1.5">
      {isOutdated && (
        <div role="status" className="px-2 pb-1.5 text-xs text-muted-foreground">
          <p>{run.edited_by?.name ?? 'Somebody'} has edited this prompt meanwhile. It now says:</p>
          <p className="mt-0.5 line-clamp-4 [overflow-wrap:anywhere] whitespace-pre-wrap text-foreground">
            {run.prompt}
          </p>
        </div>
      )}
      <AutoTextarea
        ref={field}
        aria-label="Edit the queued prompt"
        value={text}
        aria-invalid={problem ? true : undefined}
        onChange={(event) => edit.type(event.target.value)}
        onKeyDown={onKeyDown}
        className="max-h-32 overflow-y-auto px-2 py-1 text-sm"
      />
      {problem && (
        <p role="alert" className="px-2 text-xs text-destructive">
          {problem}
        </p>
      )}
      {edit.error && !isOutdated && <ErrorNotice error={edit.error} className="my-1" />}
      <div className="flex justify-end gap-1.5 pt-1">
        <Button size="sm" variant="ghost" onClick={discard}>
          Cancel
        </Button>
        <Button size="sm" variant="primary" busy={edit.saving} disabled={!ready} onClick={save}>
          {isOutdated ? 'Replace' : 'Save'}
        </Button>
      </div>
    </li>
  );
}
