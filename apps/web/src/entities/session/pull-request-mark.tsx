import type { PullRequestSummary } from '@saas-codex/contracts/pull-requests';
import {
  CircleAlert,
  GitMerge,
  GitPullRequest,
  GitPullRequestClosed,
  GitPullRequestDraft,
  type LucideIcon,
} from 'lucide-react';
import { lookUp } from '../../shared/lib/open-enums.js';

interface Look {
  icon: LucideIcon;
  said: string;
  className: string;
}

const STATES: Readonly<Record<string, Look>> = {
  draft: { icon: GitPullRequestDraft, said: 'draft', className: 'text-muted-foreground' },
  open: { icon: GitPullRequest, said: 'open', className: 'text-success' },
  merged: { icon: GitMerge, said: 'merged', className: 'text-accent' },
  closed: { icon: GitPullRequestClosed, said: 'closed', className: 'text-destructive' },
};
const UNKNOWN: Look = { icon: GitPullRequest, said: 'in another state', className: 'text-muted-foreground' };
const OPENING: Look = {
  icon: GitPullRequestDraft,
  said: 'on its way',
  className: 'animate-pulse text-accent',
};
const NOT_OPENED: Look = { icon: CircleAlert, said: 'could not be opened', className: 'text-destructive' };
const CHECKS: Readonly<Record<string, string>> = {
  passed: 'checks passed',
  failed: 'checks failed',
  pending: 'checks under way',
};

/** How a pull request stands, as an icon and in words. */
export function pullRequestLook(summary: PullRequestSummary): Look & { name: string } {
  const { number, state, status, checks } = summary;
  if (number === null || state === null) {
    const look = status === 'failed' ? NOT_OPENED : OPENING;
    return { ...look, name: `Pull request ${look.said}` };
  }
  const look = lookUp(STATES, state) ?? UNKNOWN;
  const ofChecks = checks === null ? undefined : lookUp(CHECKS, checks);
  const isAlarm = checks === 'failed' && (state === 'open' || state === 'draft');
  return {
    ...look,
    ...(isAlarm && { className: 'text-destructive' }),
    name: [`Pull request ${number}, ${look.said}`, ofChecks].filter(Boolean).join(', '),
  };
}

/** In lists: a small icon. */
export function PullRequestMark({ summary }: { summary: PullRequestSummary }) {
  const { icon: Icon, name, className } = pullRequestLook(summary);
  return <Icon role="img" aria-label={name} className={`size-3 ${className}`} strokeWidth={1.75} />;
}
