import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { FileDiff, Link2, Square } from 'lucide-react';
import { useCancelRun } from '../../entities/run/api/cancel-run.js';
import { sessionQuery } from '../../entities/session/api/get-session.js';
import { useSessionActions } from '../../entities/session/use-session-actions.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { copyText } from '../../shared/lib/copy-text.js';
import { toastError } from '../../shared/ui/toast.js';
import { Entry, Group, ICON } from './palette-entry.js';

interface EntriesProps {
  /** Closes the palette, then acts. */
  run: (action: () => unknown) => () => void;
}

/** What can be done with the session that the page shows. */
export function OpenSessionEntries({ run }: EntriesProps) {
  const { sessionId } = useParams({ strict: false });
  const { data } = useQuery({ ...sessionQuery(sessionId ?? ''), enabled: sessionId !== undefined });
  return data && <SessionEntries session={data} run={run} />;
}

function SessionEntries({ session, run }: EntriesProps & { session: Session }) {
  const { session_id: sessionId, active_run_id: active } = session;
  const navigate = useNavigate();
  const cancel = useCancelRun(sessionId);
  const mayStop = usePermission('runs:cancel');
  const actions = useSessionActions(session).filter((action) => action !== null && !action.disabled);
  const showChanges = () =>
    navigate({ to: '/sessions/$sessionId', params: { sessionId }, search: { panel: 'changes' } });
  const copyLink = () => copyText(`${location.origin}/sessions/${sessionId}`);
  return (
    <Group heading="This session">
      {active && mayStop && (
        <Entry icon={<Square {...ICON} />} onSelect={run(() => cancel.mutateAsync(active).catch(toastError))}>
          Stop
        </Entry>
      )}
      {session.status !== 'failed' && (
        <Entry icon={<FileDiff {...ICON} />} onSelect={run(showChanges)}>
          Open changes
        </Entry>
      )}
      <Entry icon={<Link2 {...ICON} />} onSelect={run(copyLink)}>
        Copy link
      </Entry>
      {actions.map(
        (action) =>
          action && (
            <Entry
              key={action.label}
              icon={action.icon && <action.icon {...ICON} />}
              onSelect={run(action.onSelect)}
            >
              {action.label}
            </Entry>
          ),
      )}
    </Group>
  );
}
