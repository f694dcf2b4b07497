import type { Comment } from '@saas-codex/contracts/comments';
import { useQuery } from '@tanstack/react-query';
import { Check, Ellipsis, Pencil, Trash2, Undo2 } from 'lucide-react';
import { useState } from 'react';
import { nameFor } from '../../../entities/run/run-people.js';
import { Markdown } from '../../../entities/timeline/markdown/markdown.js';
import { meQuery } from '../../../shared/api/get-me.js';
import { usePermission } from '../../../shared/api/use-permission.js';
import { drafts, useDraft } from '../../../shared/lib/drafts.js';
import { formatAge, useMinuteClock } from '../../../shared/lib/time.js';
import { Badge, type BadgeTone } from '../../../shared/ui/badge.js';
import { Button } from '../../../shared/ui/button.js';
import { IconButton } from '../../../shared/ui/icon-button.js';
import { DropdownMenu, type MenuActions } from '../../../shared/ui/menu.js';
import { toastError } from '../../../shared/ui/toast.js';
import { useDeleteComment, useUpdateComment } from './api/comments.js';
import { CommentField } from './comment-form.js';

const editName = ({ comment_id: id }: Comment) => `comment-edit/${id}`;

/** A comment with who wrote it, what has become of it, and what the reader may do with it. */
export function CommentCard({ comment }: { comment: Comment }) {
  const { data: me } = useQuery(meQuery);
  const mayComment = usePermission('comments:write');
  const mayManage = usePermission('comments:manage');
  const update = useUpdateComment(comment);
  const remove = useDeleteComment(comment);
  // What was typed before a reload is shown again.
  const [editing, setEditing] = useState(() => drafts.read(editName(comment)) !== '');
  const isOwn = comment.created_by.id === me?.user.user_id;
  const resolved = comment.status === 'resolved';
  const isSent = comment.run_id !== null;
  const actions: MenuActions = [
    ...(isOwn && !isSent ? [{ label: 'Edit', icon: Pencil, onSelect: () => setEditing(true) }] : []),
    ...(isOwn || mayManage
      ? [
          {
            label: 'Delete',
            icon: Trash2,
            danger: true,
            onSelect: () => remove.mutate(undefined, { onError: toastError }),
          },
        ]
      : []),
  ];
  const resolve = () => update.mutate({ resolved: !resolved }, { onError: toastError });
  return (
    <article aria-label={`Comment by ${nameFor(me, comment.created_by) ?? 'somebody'}`} className="space-y-1">
      <header className="flex min-h-7 items-center gap-2 text-xs">
        <span className="min-w-0 truncate font-medium">{nameFor(me, comment.created_by) ?? 'Somebody'}</span>
        <Age at={comment.created_at} edited={comment.edited_at !== null} />
        <StatusBadge comment={comment} />
        {mayComment && (
          <span className="ml-auto flex shrink-0 items-center">
            <IconButton
              label={resolved ? 'Reopen' : 'Resolve'}
              size="sm"
              disabled={update.isPending}
              onClick={resolve}
            >
              {resolved ? <Undo2 /> : <Check />}
            </IconButton>
            <DropdownMenu actions={actions}>
              <IconButton label="More about this comment" size="sm">
                <Ellipsis />
              </IconButton>
            </DropdownMenu>
          </span>
        )}
      </header>
      {editing ? (
        <EditedComment comment={comment} onDone={() => setEditing(false)} />
      ) : (
        <div className="text-sm [overflow-wrap:anywhere]">
          <Markdown text={comment.text} />
        </div>
      )}
    </article>
  );
}

function EditedComment({ comment, onDone }: { comment: Comment; onDone: () => void }) {
  const [draft, setDraft] = useDraft(editName(comment));
  const [text, setText] = useState(draft || comment.text);
  const update = useUpdateComment(comment);
  const close = () => {
    setDraft('');
    onDone();
  };
  return (
    <CommentField
      label="Edit the comment"
      text={text}
      onText={(next) => {
        setText(next);
        setDraft(next);
      }}
      action="Save"
      busy={update.isPending}
      error={update.error}
      onSave={(saved) => update.mutate({ text: saved }, { onSuccess: close })}
      onCancel={close}
      takesFocus={() => draft === ''}
    />
  );
}

function Age({ at, edited }: { at: string; edited: boolean }) {
  const now = useMinuteClock();
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()} className="shrink-0 text-subtle-foreground">
      {formatAge(at, now)}
      {edited && ', edited'}
    </time>
  );
}

const TONES: Record<string, BadgeTone> = { addressed: 'success', outdated: 'warning' };
const TEXTS: Record<string, string> = { addressed: 'Addressed', outdated: 'Outdated', resolved: 'Resolved' };
const TITLES: Record<string, string> = {
  addressed: 'The run that got it has changed these lines',
  outdated: 'These lines are gone, and not by the run that got the comment',
};

function StatusBadge({ comment: { status, run_id: runId, resolved_by: by } }: { comment: Comment }) {
  const text = TEXTS[status] ?? (runId === null ? 'Not sent' : 'Sent');
  const title = status === 'resolved' ? `Resolved by ${by?.name ?? 'somebody'}` : TITLES[status];
  return (
    <Badge tone={TONES[status] ?? (text === 'Not sent' ? 'accent' : 'neutral')} title={title}>
      {text}
    </Badge>
  );
}

/** Resolved comments, of which only the number is shown until somebody asks. */
export function ResolvedComments({ comments }: { comments: readonly Comment[] }) {
  const [open, setOpen] = useState(false);
  if (comments.length === 0) return null;
  if (open) return comments.map((comment) => <CommentCard key={comment.comment_id} comment={comment} />);
  return (
    <Button size="sm" variant="ghost" aria-expanded={false} onClick={() => setOpen(true)}>
      <Check />
      {comments.length === 1 ? '1 resolved comment' : `${comments.length} resolved comments`}
    </Button>
  );
}
