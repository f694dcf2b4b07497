import type { PullRequestSummary } from '@saas-codex/contracts/pull-requests';
import type { Session } from '@saas-codex/contracts/sessions';
import { pullRequestLook } from '../../entities/session/pull-request-mark.js';
import { openSessionDialog } from '../../entities/session/session-dialog.js';
import { Button } from '../../shared/ui/button.js';

interface PullRequestChipProps {
  session: Session;
  summary: PullRequestSummary;
}

/** In the header of a session: how its pull request stands. It opens what is to say about it. */
export function PullRequestChip({ session, summary }: PullRequestChipProps) {
  const { icon: Icon, name, className } = pullRequestLook(summary);
  return (
    <Button
      variant="ghost"
      aria-label={name}
      title={name}
      onClick={() => openSessionDialog({ about: 'pull-request', session })}
    >
      <Icon aria-hidden className={className} strokeWidth={1.75} />
      {summary.number !== null && <span className="tabular-nums max-sm:sr-only">#{summary.number}</span>}
    </Button>
  );
}
