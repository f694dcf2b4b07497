import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useChangesLocation } from '../../shared/navigation/changes-location.js';
import { ChangesPanel } from '../changes/changes-panel.js';
import { PromptComposer } from '../composer/prompt-composer.js';
import { sessionQuery } from '../sessions/api/get-session.js';
import { SessionConversation } from '../timeline/session-conversation.js';

export function SessionPage() {
  const { sessionId } = useParams({ from: '/shell/sessions/$sessionId' });
  const { panel } = useChangesLocation();
  const { data: session } = useQuery(sessionQuery(sessionId));
  if (!session) return null;
  return (
    <div className="flex h-full">
      <main className="flex min-w-0 flex-1 flex-col">
        <SessionConversation session={session} />
        <PromptComposer session={session} />
      </main>
      {panel === 'changes' && <ChangesPanel session={session} />}
    </div>
  );
}
