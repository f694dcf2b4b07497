import type { Comment } from '@saas-codex/contracts/comments';
import type { Session } from '@saas-codex/contracts/sessions';
import { usePermission } from '../../shared/api/use-permission.js';
import { Button } from '../../shared/ui/button.js';
import { CommentCard, ResolvedComments } from './comments/comment-card.js';
import { commentDrafts } from './comments/comment-drafts.js';
import { lineNumbers } from './comments/line-numbers.js';
import { NewComment } from './comments/new-comment.js';
import { LineFinding } from './line-finding.js';
import type { LineNote } from './use-line-notes.js';

interface LineNoteViewProps {
  note: LineNote;
  session: Session;
  /** The tree of the note's side. */
  tree: string;
}

/** What is said about lines of a file, below the last of them: findings of a review, comments, and fields for new ones. */
export const LineNoteView = ({ note, session, tree }: LineNoteViewProps) => (
  <>
    {note.findings.map((finding, index) => (
      <LineFinding key={index} finding={finding} session={session} />
    ))}
    {note.comments.length > 0 && (
      <Thread comments={note.comments} hasDraft={note.drafts.length > 0} tree={tree} />
    )}
    {note.drafts.map((draft) => (
      <Card key={draft.key} label="New comment">
        <NewComment sessionId={session.session_id} draft={draft} />
      </Card>
    ))}
  </>
);

function Thread({
  comments,
  hasDraft,
  tree,
}: {
  comments: readonly Comment[];
  hasDraft: boolean;
  tree: string;
}) {
  const mayComment = usePermission('comments:write');
  const [first] = comments;
  const place = first?.place;
  if (!first || !place) return null;
  const open = comments.filter(({ status }) => status !== 'resolved');
  const reply = () =>
    commentDrafts.open(first.session_id, { ...place, tree, side: first.side === 'old' ? 'old' : 'new' });
  return (
    <Card label={`Comments on ${lineNumbers(place.first_line, place.last_line).toLowerCase()}`}>
      {open.map((comment) => (
        <CommentCard key={comment.comment_id} comment={comment} />
      ))}
      <ResolvedComments comments={comments.filter(({ status }) => status === 'resolved')} />
      {mayComment && !hasDraft && open.length > 0 && (
        <Button size="sm" onClick={reply}>
          Reply
        </Button>
      )}
    </Card>
  );
}

const Card = ({ label, children }: { label: string; children: React.ReactNode }) => (
  <aside
    aria-label={label}
    className="m-2 max-w-2xl space-y-3 rounded-lg border bg-card px-3 py-2.5 font-sans whitespace-normal shadow-xs"
  >
    {children}
  </aside>
);
