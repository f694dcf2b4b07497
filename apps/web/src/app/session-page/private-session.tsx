import type { Session } from '@saas-codex/contracts/sessions';
import { Ellipsis, Lock } from 'lucide-react';
import { useSessionActions } from '../../entities/session/use-session-actions.js';
import { EmptyState } from '../../shared/ui/empty-state.js';
import { IconButton } from '../../shared/ui/icon-button.js';
import { DropdownMenu } from '../../shared/ui/menu.js';
import { PageHeader } from '../../shared/ui/page-header.js';

/** The page of a session that is private to another person, for those who may stop and delete it. */
export function PrivateSession({ session }: { session: Session }) {
  const actions = useSessionActions(session);
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
        <EmptyState icon={Lock} title="This session is private" className="flex-1">
          Only its owner reads it. You can stop its run and delete it.
        </EmptyState>
      </main>
    </div>
  );
}
