import type { SessionProgressActivity } from '@saas-codex/contracts/activity';
import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import { sessionProgressQuery } from '../../entities/session/api/get-session.js';
import { lookUp } from '../../shared/lib/open-enums.js';
import { repoName } from '../../shared/lib/repo-name.js';
import { Spinner } from '../../shared/ui/spinner.js';

const PHASES: Record<SessionProgressActivity['phase'], string> = {
  resolving: 'Looking up the repository',
  fetching: 'Cloning',
  checking_out: 'Checking out files',
  opening_thread: 'Starting Codex',
};

/** The progress of the workspace while the first prompt waits for it. */
export function ProvisioningProgress({ session }: { session: Session }) {
  const { data: progress } = useQuery(sessionProgressQuery(session.session_id));
  const phase = (progress && lookUp(PHASES, progress.phase)) ?? 'Setting up the workspace';
  const name = repoName(session.repo_url);
  const percent = progress?.percent ?? null;

  return (
    <div role="status" className="mx-auto w-full max-w-3xl px-4 pb-3">
      <div className="overflow-hidden rounded-xl border bg-card shadow-xs">
        <div className="flex items-center gap-2.5 px-3.5 py-2.5 text-sm">
          <Spinner className="size-4 text-accent" />
          <span className="min-w-0 flex-1 truncate">
            <span className="font-medium">{phase}</span>
            {name && <span className="text-muted-foreground"> · {name}</span>}
          </span>
          {percent !== null && <span className="text-xs text-muted-foreground tabular-nums">{percent}%</span>}
        </div>
        <div className="h-0.5 bg-muted">
          <div
            className="h-full bg-accent transition-[width] duration-300 ease-out"
            style={{ width: `${percent ?? (progress?.phase === 'opening_thread' ? 100 : 3)}%` }}
          />
        </div>
      </div>
    </div>
  );
}
