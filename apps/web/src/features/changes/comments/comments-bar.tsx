import type { Comment } from '@saas-codex/contracts/comments';
import type { Diff } from '@saas-codex/contracts/diffs';
import type { Session } from '@saas-codex/contracts/sessions';
import { MessageSquare } from 'lucide-react';
import { useId, useRef, useState } from 'react';
import { useChangesLocation, useShowChanges } from '../../../entities/session/changes-location.js';
import { usePermission } from '../../../shared/api/use-permission.js';
import { randomId } from '../../../shared/lib/random-id.js';
import { Button } from '../../../shared/ui/button.js';
import { DisclosureArrow } from '../../../shared/ui/disclosure.js';
import { ErrorNotice } from '../../../shared/ui/error-notice.js';
import { scrollable } from '../../../shared/ui/scroller.js';
import { VisibleText } from '../../../shared/ui/visible-text.js';
import { useComments } from '../use-line-notes.js';
import { useSendComments } from './api/comments.js';
import { CommentCard } from './comment-card.js';
import { useCommentDrafts } from './comment-drafts.js';
import { lineNumbers } from './line-numbers.js';
import { NewComment } from './new-comment.js';

/** Below the diffs: sends the comments, and lists those whose lines the diffs do not show. */
export function CommentsBar({ session, diff }: { session: Session; diff: Diff }) {
  const { data: comments = [], error, refetch } = useComments(session, diff);
  const [listed, setListed] = useState(false);
  const id = useId();
  const drafts = useCommentDrafts(session.session_id).filter(({ path }) => !fileOf(diff, path));
  if (error && comments.length === 0)
    return <ErrorNotice error={error} onRetry={() => void refetch()} className="m-3" />;
  if (comments.length + drafts.length === 0) return null;
  const unsent = comments.filter(({ run_id: runId, status }) => runId === null && status !== 'resolved');
  return (
    <section aria-label="Comments" className="border-t bg-background">
      <div className="flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1 px-3 py-1.5">
        <Button
          size="sm"
          variant="ghost"
          aria-expanded={listed}
          aria-controls={id}
          onClick={() => setListed(!listed)}
        >
          <MessageSquare />
          {summaryOf(comments)}
          <DisclosureArrow open={listed} className="size-3.5!" />
        </Button>
        <SendButton session={session} unsent={unsent} />
      </div>
      {drafts.map((draft) => (
        <div key={draft.key} className="border-t px-3 py-2.5">
          <p className="mb-2 font-mono text-xs [overflow-wrap:anywhere] text-muted-foreground">
            <VisibleText>{draft.path}</VisibleText>
          </p>
          <NewComment sessionId={session.session_id} draft={draft} />
        </div>
      ))}
      {listed && (
        <div id={id} {...scrollable('All comments')} className="max-h-[40vh] overflow-y-auto border-t p-3">
          <ul className="space-y-3">
            {comments.map((comment) => (
              <ListedComment key={comment.comment_id} comment={comment} diff={diff} />
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}

function SendButton({ session, unsent }: { session: Session; unsent: readonly Comment[] }) {
  const maySend = usePermission('runs:create') && session.status === 'ready';
  const send = useSendComments(session.session_id);
  // A repeated attempt has the same key as long as it is about the same comments: what did arrive is not sent again.
  const attempt = useRef({ of: '', key: '' });
  if (!maySend || (unsent.length === 0 && !send.error)) return null;
  const onSend = () => {
    const ids = unsent.map(({ comment_id: id }) => id);
    if (attempt.current.of !== ids.join()) attempt.current = { of: ids.join(), key: randomId() };
    send.mutate({ ids, idempotencyKey: attempt.current.key });
  };
  return (
    <>
      {unsent.length > 0 && (
        <Button size="sm" variant="primary" busy={send.isPending} onClick={onSend} className="ml-auto">
          Send {count(unsent.length, 'comment')}
        </Button>
      )}
      {send.error && <ErrorNotice error={send.error} className="w-full" />}
    </>
  );
}

/** A comment with the code that it was about, where no diff shows it. */
function ListedComment({ comment, diff }: { comment: Comment; diff: Diff }) {
  const showChanges = useShowChanges();
  const { place } = comment;
  const { run } = useChangesLocation();
  const shown = place && fileOf(diff, place.path);
  const { path, first_line: first, last_line: last } = place ?? comment;
  return (
    <li className="rounded-lg border bg-card px-3 py-2.5">
      <p className="flex flex-wrap items-center gap-x-2 text-xs text-muted-foreground">
        <span className="min-w-0 font-mono [overflow-wrap:anywhere]">
          <VisibleText>{path}</VisibleText>
        </span>
        <span>
          {lineNumbers(first, last)}
          {!place && ' then'}
        </span>
        {shown && (
          <Button
            size="sm"
            variant="ghost"
            className="ml-auto"
            onClick={() => showChanges({ run, file: shown.path })}
          >
            Show
          </Button>
        )}
      </p>
      {!shown && (
        <pre
          {...scrollable('The code that the comment is about')}
          className="my-2 max-h-40 overflow-auto rounded-md bg-muted px-2.5 py-1.5 font-mono text-xs"
        >
          <VisibleText>{comment.code.join('\n')}</VisibleText>
        </pre>
      )}
      <CommentCard comment={comment} />
    </li>
  );
}

const fileOf = ({ files }: Diff, path: string) =>
  files.find((file) => file.path === path || file.old_path === path);

/** "4 comments, 2 addressed, 1 outdated" */
function summaryOf(comments: readonly Comment[]): string {
  const parts = ['addressed', 'outdated', 'resolved'].map((status) => {
    const number = comments.filter((comment) => comment.status === status).length;
    return number > 0 ? `, ${number} ${status}` : '';
  });
  return count(comments.length, 'comment') + parts.join('');
}

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;
