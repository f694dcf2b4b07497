import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { usePermission } from '../../shared/api/use-permission.js';
import { Button } from '../../shared/ui/button.js';
import { Dialog, DialogActions } from '../../shared/ui/dialog.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { pullRequestQuery } from './api/pull-request.js';
import { PullRequestForm } from './pull-request-form.js';
import { PullRequestView } from './pull-request-view.js';

/** The pull request of a session: to open one, or how the one there is stands. */
export function PullRequestDialog({ session, onClose }: { session: Session; onClose: () => void }) {
  const { data, error, refetch } = useQuery(pullRequestQuery(session));
  const mayShip = usePermission('sessions:ship');
  const [editing, setEditing] = useState(false);
  const isEnded = data?.state === 'merged' || data?.state === 'closed';
  const isForm = mayShip && (data === null || editing);
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={data?.number ? `Pull request #${data.number}` : 'Pull request'}
      size="xl"
    >
      <div className="mt-4 space-y-4">
        {error && !data && <ErrorNotice error={error} onRetry={() => void refetch()} />}
        {data === undefined && !error && <Skeleton className="h-40" />}
        {data === null && !mayShip && (
          <p className="text-sm text-muted-foreground">
            There is none yet. Members, admins and owners can open one.
          </p>
        )}
        {isForm && data !== undefined && (
          <PullRequestForm
            session={session}
            present={isEnded ? null : data}
            onDone={() => setEditing(false)}
            onClose={data === null ? onClose : () => setEditing(false)}
          />
        )}
        {data && !isForm && (
          <PullRequestView session={session} pullRequest={data} mayShip={mayShip} onClose={onClose} />
        )}
        {!isForm && (
          <DialogActions>
            <Button onClick={onClose}>Close</Button>
            {data && mayShip && (
              <Button variant={isEnded ? 'primary' : 'secondary'} onClick={() => setEditing(true)}>
                {isEnded ? 'Open another one' : 'Edit'}
              </Button>
            )}
          </DialogActions>
        )}
      </div>
    </Dialog>
  );
}
