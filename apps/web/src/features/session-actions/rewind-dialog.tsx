import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import { giveImagesBack } from '../../entities/run/images/image-drafts.js';
import { promptDraftKey } from '../../entities/run/prompt-draft-key.js';
import { diffQuery } from '../../entities/session/api/get-diff.js';
import { useRewind } from '../../entities/session/api/rewind.js';
import { FileStatus, mostRelevant } from '../../entities/session/changed-file.js';
import type { RewindTarget } from '../../entities/session/session-dialog.js';
import { drafts } from '../../shared/lib/drafts.js';
import { Button } from '../../shared/ui/button.js';
import { Dialog, DialogActions } from '../../shared/ui/dialog.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { VisibleText } from '../../shared/ui/visible-text.js';

interface RewindDialogProps extends RewindTarget {
  session: Session;
  onClose: () => void;
}

const FILES_SHOWN = 8;

/** Shows what going back to before a prompt would change, and does it. */
export function RewindDialog({ session, run, resend, onClose }: RewindDialogProps) {
  const { session_id: sessionId } = session;
  const rewind = useRewind(sessionId);
  const confirm = () =>
    rewind.mutate(run.run_id, {
      onSuccess: () => {
        if (resend) giveBack(sessionId, run);
        onClose();
      },
    });
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={resend ? 'Edit and resend' : 'Rewind to here'}
      description={
        'Files and conversation go back to before this prompt. ' +
        (resend ? 'Its text is then in the composer. ' : '') +
        'You can undo it until the next prompt starts.'
      }
    >
      <p className="mt-3 line-clamp-3 rounded-lg bg-muted px-3 py-2 text-sm [overflow-wrap:anywhere] whitespace-pre-wrap">
        {run.prompt}
      </p>
      <Preview sessionId={sessionId} runId={run.run_id} />
      <p className="mt-3 text-xs text-muted-foreground">
        Ignored files stay as they are, such as node_modules. Prompts that wait are held.
      </p>
      {rewind.error && <ErrorNotice error={rewind.error} className="mt-3" />}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button variant="primary" busy={rewind.isPending} onClick={confirm}>
          {resend ? 'Go back and edit' : 'Go back'}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

/** What was done since, which is what will be taken back. */
function Preview({ sessionId, runId }: { sessionId: string; runId: string }) {
  const { data, error, isPlaceholderData } = useQuery(diffQuery(sessionId, { from: runId }));
  if (error) return <ErrorNotice error={error} className="mt-3" />;
  if (!data || isPlaceholderData) return <Skeleton className="mt-3 h-16 w-full" />;
  const { files: count } = data.stat;
  if (count === 0) return <p className="mt-3 text-sm">No file changes.</p>;
  const files = mostRelevant(data.files, FILES_SHOWN);
  return (
    <div role="group" aria-label="What is taken back" className="mt-3 text-sm">
      <p>
        {count === 1 ? 'The changes of one file are' : `The changes of ${count.toLocaleString()} files are`}{' '}
        taken back:
      </p>
      <ul className="mt-1.5 max-h-40 overflow-y-auto rounded-lg border px-3 py-1.5">
        {files.map((file) => (
          <li key={file.path} className="flex h-6 items-center gap-2 text-xs">
            <FileStatus status={file.status} />
            <span className="truncate font-mono">
              <VisibleText>{file.path}</VisibleText>
            </span>
          </li>
        ))}
        {count > files.length && (
          <li className="flex h-6 items-center text-xs text-muted-foreground">
            and {(count - files.length).toLocaleString()} more
          </li>
        )}
      </ul>
    </div>
  );
}

/** Puts what was asked into the composer, in front of what was typed there. */
function giveBack(sessionId: string, { prompt, images = [] }: RewindTarget['run']): void {
  const name = promptDraftKey(sessionId);
  const typed = drafts.read(name);
  drafts.write(name, typed ? `${prompt}\n\n${typed}` : prompt);
  if (images.length > 0) giveImagesBack(sessionId, images);
}
