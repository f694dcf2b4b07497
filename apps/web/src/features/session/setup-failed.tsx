import type { Session } from '@saas-codex/contracts/sessions';
import { PROBLEMS } from '@saas-codex/contracts/problems';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CircleAlert } from 'lucide-react';
import { Button } from '../../shared/ui/button.js';
import { runsQuery } from '../runs/api/list-runs.js';

/** The workspace could not be set up: why, and the way to try again without typing everything anew. */
export function SetupFailed({ session }: { session: Session }) {
  const { data } = useInfiniteQuery(runsQuery(session.session_id));
  const firstPrompt = data?.pages.at(-1)?.items.at(-1)?.prompt;
  const { failure } = session;

  return (
    <div className="mx-auto w-full max-w-3xl px-4 pb-6">
      <div
        role="alert"
        className="flex gap-3 rounded-xl border border-destructive/25 bg-destructive-soft p-4"
      >
        <CircleAlert aria-hidden className="mt-0.5 size-4.5 shrink-0 text-destructive" />
        <div className="min-w-0 flex-1">
          <h2 className="text-base font-medium">
            {failure ? PROBLEMS[failure.code].title : 'The session could not be set up'}
          </h2>
          {failure && <p className="mt-0.5 text-sm break-words text-muted-foreground">{failure.detail}</p>}
          {session.repo_url && (
            <p className="mt-1.5 font-mono text-xs break-all text-muted-foreground">
              {session.repo_url}
              {session.ref && ` @ ${session.ref}`}
            </p>
          )}
          <Button asChild variant="primary" className="mt-3">
            <Link
              to="/"
              search={{ repo: session.repo_url ?? '', ref: session.ref ?? undefined, prompt: firstPrompt }}
            >
              Edit and try again
            </Link>
          </Button>
        </div>
      </div>
    </div>
  );
}
