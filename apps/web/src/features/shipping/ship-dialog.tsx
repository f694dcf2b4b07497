import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import { BaseStatus } from '../../entities/run/base-status.js';
import { repoName } from '../../shared/lib/repo-name.js';
import { Button } from '../../shared/ui/button.js';
import { Dialog, DialogActions } from '../../shared/ui/dialog.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { shippedQuery } from './api/shipping.js';
import { PullRequestLink } from './pull-request-link.js';
import { ShipForm } from './ship-form.js';
import { ShipStatus } from './ship-status.js';

/**
 * How the work of a session goes out:
 *
 *     how the last push stands
 *     what is not pushed yet: message, branch, "Commit and push"
 */
export function ShipDialog({ session, onClose }: { session: Session; onClose: () => void }) {
  const { data, error, refetch } = useQuery(shippedQuery(session));
  const repository = repoName(session.repo_url);
  const close = (
    <DialogActions>
      <Button onClick={onClose}>Close</Button>
    </DialogActions>
  );
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Ship"
      description={
        repository === null
          ? 'This session began with empty files, so there is no repository to push to. Download its changes as a patch instead.'
          : `The changes become a commit of yours, with Codex as co-author, and go to a branch of ${repository}.`
      }
      size="lg"
    >
      {repository === null ? (
        close
      ) : (
        <div className="mt-4 space-y-4">
          {error && !data && <ErrorNotice error={error} onRetry={() => void refetch()} />}
          {!data && !error && <Skeleton className="h-40" />}
          {data?.last && <ShipStatus push={data.last} />}
          {data?.last?.status === 'pushed' && <PullRequestLink session={session} />}
          <BaseStatus session={session} />
          {data && <ShipForm session={session} shipped={data} onClose={onClose} />}
          {!data && close}
        </div>
      )}
    </Dialog>
  );
}
