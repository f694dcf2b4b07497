import { Link } from '@tanstack/react-router';
import { CloudOff, SearchX } from 'lucide-react';
import { toApiError } from '../../shared/api/api-error.js';
import { Button } from '../../shared/ui/button.js';
import { EmptyState } from '../../shared/ui/empty-state.js';
import { PageHeader } from '../../shared/ui/page-header.js';
import { Skeleton } from '../../shared/ui/skeleton.js';

/** Shown in place of a session that does not exist or could not be loaded. */
export function SessionUnavailable({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const problem = toApiError(error);
  const gone = problem.status === 404 || problem.code === 'invalid_request';
  return (
    <main className="flex h-full flex-col">
      <PageHeader />
      <EmptyState
        icon={gone ? SearchX : CloudOff}
        title={gone ? 'This session does not exist' : problem.title}
        className="flex-1"
        action={
          gone ? (
            <Button asChild>
              <Link to="/">New session</Link>
            </Button>
          ) : (
            <Button onClick={onRetry}>Try again</Button>
          )
        }
      >
        {gone
          ? 'It was deleted or is private to another person, or the address is incomplete.'
          : problem.detail}
      </EmptyState>
    </main>
  );
}

export const SessionSkeleton = () => (
  <main aria-busy aria-label="Loading session" className="flex h-full flex-col">
    <PageHeader bordered>
      <Skeleton className="h-4 w-64" />
    </PageHeader>
    <div className="mx-auto flex w-full max-w-3xl flex-col gap-3 px-4 pt-8">
      <Skeleton className="mb-6 ml-auto h-12 w-2/3 rounded-2xl!" />
      <Skeleton className="h-4 w-5/6" />
      <Skeleton className="h-4 w-4/6" />
      <Skeleton className="h-4 w-3/6" />
    </div>
  </main>
);
