import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import { Ellipsis, Lock } from 'lucide-react';
import { useCancelRun } from '../../entities/run/api/cancel-run.js';
import { sessionQuery } from '../../entities/session/api/get-session.js';
import { useSessionActions } from '../../entities/session/use-session-actions.js';
import { Button } from '../../shared/ui/button.js';
import { EmptyState } from '../../shared/ui/empty-state.js';
import { IconButton } from '../../shared/ui/icon-button.js';
import { DropdownMenu } from '../../shared/ui/menu.js';
import { PageHeader } from '../../shared/ui/page-header.js';
import { toastError } from '../../shared/ui/toast.js';

const READ_EVERY_MS = 5_000;

/** The page of a session that is private to another person, for those who may stop and delete it. */
export function PrivateSession({ session }: { session: Session }) {
  const actions = useSessionActions(session);
  const runId = session.active_run_id;
  // Its activities come to its owner alone.
  useQuery({ ...sessionQuery(session.session_id), refetchInterval: READ_EVERY_MS });
  return (
    <div className="flex h-full flex-col">
      <PageHeader bordered>
        <h1 className="min-w-0 flex-1 truncate pl-1 text-base font-medium">{session.title}</h1>
        <DropdownMenu actions={actions}>
          <IconButton label="Session actions">
            <Ellipsis />
          </IconButton>
        </DropdownMenu>
      </PageHeader>
      <main className="flex min-h-0 flex-1 flex-col">
        <EmptyState
          icon={Lock}
          title="This session is private"
          className="flex-1"
          action={runId && <StopRun sessionId={session.session_id} runId={runId} />}
        >
          Only its owner reads it. You can stop its run and delete it.
        </EmptyState>
      </main>
    </div>
  );
}

function StopRun({ sessionId, runId }: { sessionId: string; runId: string }) {
  const cancel = useCancelRun(sessionId);
  return (
    <Button busy={cancel.isPending} onClick={() => cancel.mutate(runId, { onError: toastError })}>
      Stop its run
    </Button>
  );
}
