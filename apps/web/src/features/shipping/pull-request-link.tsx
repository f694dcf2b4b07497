import type { Session } from '@saas-codex/contracts/sessions';
import { pullRequestLook } from '../../entities/session/pull-request-mark.js';
import { openSessionDialog } from '../../entities/session/session-dialog.js';
import { Button } from '../../shared/ui/button.js';
import { GitPullRequest } from 'lucide-react';

/** From what was pushed to its pull request. */
export function PullRequestLink({ session }: { session: Session }) {
  const look = session.pull_request ? pullRequestLook(session.pull_request) : null;
  const Icon = look?.icon ?? GitPullRequest;
  return (
    <div className="flex flex-wrap items-center gap-3 text-sm">
      <p className="flex min-w-0 flex-1 items-center gap-2.5">
        <Icon
          aria-hidden
          className={`size-4 shrink-0 ${look?.className ?? 'text-muted-foreground'}`}
          strokeWidth={1.75}
        />
        {look?.name ?? 'No pull request yet'}
      </p>
      <Button size="sm" onClick={() => openSessionDialog({ about: 'pull-request', session })}>
        {look ? 'Show' : 'Open pull request…'}
      </Button>
    </div>
  );
}
