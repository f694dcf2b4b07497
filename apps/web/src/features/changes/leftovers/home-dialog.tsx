import type { Home, HomeLayer } from '@saas-codex/contracts/home';
import type { Session } from '@saas-codex/contracts/sessions';
import { FileStatus } from '../../../entities/session/changed-file.js';
import { usePermission } from '../../../shared/api/use-permission.js';
import { inBytes } from '../../../shared/lib/bytes.js';
import { Button } from '../../../shared/ui/button.js';
import { Dialog, DialogActions } from '../../../shared/ui/dialog.js';
import { ErrorNotice } from '../../../shared/ui/error-notice.js';
import { scrollable } from '../../../shared/ui/scroller.js';
import { VisibleText } from '../../../shared/ui/visible-text.js';
import { useResetHome } from '../api/get-leftovers.js';

interface HomeDialogProps {
  session: Session;
  home: Home;
  onClose: () => void;
}

/** What agents changed outside of the repository, and the way to discard it. */
export function HomeDialog({ session, home, onClose }: HomeDialogProps) {
  const reset = useResetHome();
  const agents = home.layers.find(({ layer }) => layer === 'agents');
  const isBusy = session.active_run_id !== null;
  const mayDiscard = usePermission('sessions:write');
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Changes in HOME"
      description="Codex changed these files outside of the repository, in its HOME. They are in no diff, and every later prompt finds them."
      size="xl"
    >
      {agents && <Changes layer={agents} />}
      <p className="mt-3 text-sm text-muted-foreground">
        {!mayDiscard
          ? 'Members, admins and owners can discard them.'
          : isBusy
            ? 'They can be discarded when the run has ended.'
            : 'When you discard them, the next prompt starts with what the setup script left. This cannot be undone.'}
      </p>
      {reset.error && <ErrorNotice error={reset.error} className="mt-3" />}
      <DialogActions>
        <Button onClick={onClose}>Close</Button>
        {mayDiscard && (
          <Button
            variant="danger"
            busy={reset.isPending}
            disabled={isBusy || session.status === 'archived'}
            onClick={() => reset.mutate(session.session_id, { onSuccess: onClose })}
          >
            Discard changes
          </Button>
        )}
      </DialogActions>
    </Dialog>
  );
}

function Changes({ layer: { changes, files, incomplete } }: { layer: HomeLayer }) {
  const more = files - changes.length;
  return (
    <>
      <div {...scrollable('Changes in HOME')} className="mt-3 max-h-[34vh] overflow-y-auto">
        <ul>
          {changes.map(({ path, status, bytes }) => (
            <li key={path} className="flex min-h-7 items-center gap-2 text-xs">
              <FileStatus status={status} />
              <span className="min-w-0 flex-1 font-mono break-all">
                ~/<VisibleText>{path}</VisibleText>
              </span>
              {status !== 'deleted' && (
                <span className="whitespace-nowrap text-muted-foreground">{inBytes(bytes)}</span>
              )}
            </li>
          ))}
        </ul>
      </div>
      {(more > 0 || incomplete) && (
        <p className="mt-2 text-xs text-muted-foreground">
          {more > 0 && `${more.toLocaleString('en')} more files are not listed. `}
          {incomplete && 'There are more files than can be compared, or some cannot be read.'}
        </p>
      )}
    </>
  );
}
