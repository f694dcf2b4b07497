import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect } from 'react';
import { sessionsQuery } from '../../entities/session/api/list-sessions.js';
import { needsYouQuery } from '../../entities/session/needs-you.js';
import { type NewSessionDraft, useNewSessionDraft } from '../../entities/session/new-session-draft.js';
import { systemQuery } from '../../shared/api/get-system.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { useDocumentTitle } from '../../shared/lib/tab-badge.js';
import { PageHeader } from '../../shared/ui/page-header.js';
import { ExamplePrompts } from './example-prompts.js';
import { draftFromLink } from './home-search.js';
import { NewSessionComposer } from './new-session-composer.js';
import { SessionLinks } from './session-links.js';

const MAX_LISTED = 5;

export function HomePage() {
  const { draft, change, clear } = useNewSessionDraft();
  useLinkedDraft(change);
  const sessions = useInfiniteQuery(sessionsQuery());
  const recent = sessions.data?.pages[0]?.items ?? [];
  const waiting = useQuery(needsYouQuery).data?.items ?? [];
  const others = recent.filter(({ session_id: id }) => !waiting.some((one) => one.session_id === id));
  const demo = useQuery(systemQuery).data?.model_source === 'demo';
  const firstUse = sessions.isSuccess && recent.length === 0;
  const mayStart = usePermission('sessions:write');
  useDocumentTitle(mayStart ? 'New session' : 'Home');

  return (
    <main className="flex h-full flex-col overflow-y-auto">
      <PageHeader />
      <div className="mx-auto flex w-full max-w-2xl flex-col px-4 pt-[min(14vh,9rem)] pb-16">
        <h1 className="text-center text-2xl font-semibold tracking-tight text-balance">
          {mayStart ? 'What should Codex work on?' : 'Watch Codex work'}
        </h1>
        {!mayStart && (
          <p className="mt-2 text-center text-base text-balance text-muted-foreground">
            As a viewer you see every session of your organisation live. Members, admins and owners can start
            one.
          </p>
        )}
        {mayStart && firstUse && (
          <p className="mt-2 text-center text-base text-balance text-muted-foreground">
            Choose a repository, describe a task, and watch it happen live.
          </p>
        )}
        <div className="h-6" />
        {mayStart && <NewSessionComposer draft={draft} onChange={change} onStarted={clear} recent={recent} />}
        {waiting.length > 0 && (
          <SessionLinks
            title={`Needs you · ${waiting.length}`}
            sessions={waiting.slice(0, MAX_LISTED)}
            loading={false}
          />
        )}
        {mayStart && (firstUse || demo) && (
          <ExamplePrompts repository={draft.repo !== ''} onChoose={(prompt) => change({ prompt })} />
        )}
        <SessionLinks title="Recent" sessions={others.slice(0, MAX_LISTED)} loading={sessions.isPending} />
      </div>
    </main>
  );
}

/** Moves what the address fills in from the address into the draft, so that a reload keeps what was typed since. */
function useLinkedDraft(change: (part: Partial<NewSessionDraft>) => void): void {
  const search = useSearch({ from: '/shell/' });
  const navigate = useNavigate();
  useEffect(() => {
    const part = draftFromLink(search);
    if (Object.keys(part).length === 0) return;
    change(part);
    void navigate({ to: '/', search: {}, replace: true });
  }, [search, change, navigate]);
}
