import { useInfiniteQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useDocumentTitle } from '../../shared/lib/use-document-title.js';
import { PageHeader } from '../../shared/ui/page-header.js';
import { sessionsQuery } from '../sessions/api/list-sessions.js';
import { useDraft } from './draft.js';
import { ExamplePrompts } from './example-prompts.js';
import { NewSessionComposer } from './new-session-composer.js';
import { RecentSessions } from './recent-sessions.js';
import { recentRepositories } from './recent-repositories.js';

export function HomePage() {
  useDocumentTitle('New session');
  const search = useSearch({ from: '/shell/' });
  const { draft, change, clear } = useDraft(search);
  const sessions = useInfiniteQuery(sessionsQuery());
  const recent = sessions.data?.pages[0]?.items ?? [];

  return (
    <main className="flex h-full flex-col overflow-y-auto">
      <PageHeader />
      <div className="mx-auto flex w-full max-w-2xl flex-col px-4 pt-[min(14vh,9rem)] pb-16">
        <h1 className="mb-6 text-center text-2xl font-semibold tracking-tight text-balance">
          What should Codex work on?
        </h1>
        <NewSessionComposer
          draft={draft}
          onChange={change}
          onStarted={clear}
          repositories={recentRepositories(recent)}
        />
        {sessions.isSuccess && recent.length === 0 && (
          <ExamplePrompts onChoose={(prompt) => change({ prompt })} />
        )}
        <RecentSessions sessions={recent.slice(0, 5)} loading={sessions.isPending} />
      </div>
    </main>
  );
}
