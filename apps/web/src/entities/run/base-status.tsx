import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import { GitMerge } from 'lucide-react';
import { ApiError } from '../../shared/api/api-error.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { baseQuery, useUpdate } from './api/updates.js';

/** Says that the repository's branch has moved on, and merges it. Nothing while the session has all of it. */
export function BaseStatus({ session }: { session: Session }) {
  const mayRun = usePermission('runs:create');
  const enabled = mayRun && session.repo_url !== null && session.status === 'ready';
  const { data, error, refetch } = useQuery({ ...baseQuery(session), enabled });
  const update = useUpdate(session.session_id);
  if (!enabled) return null;
  if (error) {
    // It began with a tag, a commit, or an empty repository.
    if (error instanceof ApiError && error.code === 'base_missing') return null;
    return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  }
  if (!data || data.behind === 0) return null;
  return (
    <section
      aria-label="Branch of the repository"
      className="space-y-2 rounded-lg border bg-muted/40 px-3 py-2.5 text-sm"
    >
      <div className="flex flex-wrap items-center gap-x-2.5 gap-y-2">
        <GitMerge aria-hidden className="size-4 shrink-0 text-muted-foreground" strokeWidth={1.75} />
        <p className="min-w-0 flex-1 basis-48">
          <code className="rounded bg-muted px-1 py-0.5 text-xs break-all">{data.branch}</code> has{' '}
          {data.behind === 1 ? 'a new commit' : `${data.behind} new commits`}.
        </p>
        <Button size="sm" busy={update.isPending} onClick={() => update.mutate()}>
          Update
        </Button>
      </div>
      {update.error && <ErrorNotice error={update.error} />}
    </section>
  );
}
