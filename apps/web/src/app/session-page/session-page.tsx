import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useEffect } from 'react';
import { sessionQuery } from '../../entities/session/api/get-session.js';
import { useMarkRead } from '../../entities/session/read-state.js';
import { sessionState } from '../../entities/session/session-state.js';
import { useSessionPrivacy } from '../../entities/session/use-session-privacy.js';
import { prepareMarkdown } from '../../entities/timeline/markdown/markdown.js';
import { useDocumentTitle } from '../../shared/lib/tab-badge.js';
import { live } from '../../shared/sse/live.js';
import { later } from '../../shared/ui/later.js';
import { SessionDock } from './session-dock.js';
import { SessionHeader } from './session-header.js';
import { SessionLayout } from './session-layout.js';
import { SessionSkeleton, SessionUnavailable } from './session-placeholders.js';

const PrivateSession = later(async () => (await import('./private-session.js')).PrivateSession);

export function SessionPage() {
  const { sessionId } = useParams({ from: '/shell/sessions/$sessionId' });
  const { data: session, error, refetch } = useQuery(sessionQuery(sessionId));
  useEffect(prepareMarkdown, []);
  useDocumentTitle(session?.title, { running: session && sessionState(session) === 'running' });

  if (session) return <KnownSession key={sessionId} session={session} />;
  if (error) return <SessionUnavailable error={error} onRetry={() => void refetch()} />;
  return <SessionSkeleton />;
}

function KnownSession({ session }: { session: Session }) {
  const { isOutline } = useSessionPrivacy(session);
  return isOutline ? <PrivateSession session={session} /> : <WholeSession session={session} />;
}

function WholeSession({ session }: { session: Session }) {
  useMarkRead(session);
  useEffect(() => live.view(session.session_id), [session.session_id]);
  return (
    <SessionLayout
      session={session}
      renderHeader={(changes) => <SessionHeader session={session} {...changes} />}
      dock={<SessionDock session={session} />}
    />
  );
}
