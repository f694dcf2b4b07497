import type { PullRequest, PullRequestCheck } from '@saas-codex/contracts/pull-requests';
import type { Session } from '@saas-codex/contracts/sessions';
import {
  CircleAlert,
  CircleCheck,
  CircleDashed,
  ExternalLink,
  GitMergeConflict,
  MessageSquare,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { BaseStatus } from '../../entities/run/base-status.js';
import { pullRequestLook } from '../../entities/session/pull-request-mark.js';
import { formatDuration, useSecondClock } from '../../shared/lib/time.js';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { VisibleText } from '../../shared/ui/visible-text.js';
import { useOpenPullRequest } from './api/pull-request.js';
import { KeepGreen } from './keep-green.js';
import { SendToCodex } from './send-to-codex.js';

interface PullRequestViewProps {
  session: Session;
  pullRequest: PullRequest;
  mayShip: boolean;
  onClose: () => void;
}

/** How a pull request stands, and what keeps it from being merged. */
export function PullRequestView({ session, pullRequest, mayShip, onClose }: PullRequestViewProps) {
  const { title, url, base, head, state, checks, reviews, comments, conflicts } = pullRequest;
  const {
    icon: Icon,
    said,
    className,
  } = pullRequestLook({
    ...pullRequest,
    checks: null,
    changed_at: pullRequest.updated_at,
  });
  return (
    <>
      <div role="status" className="flex gap-2.5 text-sm">
        <Icon aria-hidden className={`mt-0.5 size-4 shrink-0 ${className}`} strokeWidth={1.75} />
        <div className="min-w-0 flex-1">
          <p className="font-medium break-words">
            <VisibleText>{title}</VisibleText>
          </p>
          <p className="text-xs break-words text-muted-foreground">
            {upperFirst(said)} · <code>{head}</code> into <code>{base ?? 'the default branch'}</code>
          </p>
        </div>
        {url && /^https?:/.test(url) && (
          <Button size="sm" asChild>
            <a href={url} target="_blank" rel="noreferrer">
              <ExternalLink aria-hidden /> Open
            </a>
          </Button>
        )}
      </div>
      {pullRequest.failure && <Failure pullRequest={pullRequest} mayShip={mayShip} />}
      {conflicts && (
        <p className="flex gap-2.5 text-sm">
          <GitMergeConflict aria-hidden className="mt-0.5 size-4 shrink-0 text-warning" strokeWidth={1.75} />
          It conflicts with its base branch.
        </p>
      )}
      {(state === 'open' || state === 'draft') && <BaseStatus session={session} />}
      {checks.length > 0 && (
        <Part title="Checks">
          {checks.map((check) => (
            <Check key={check.name} check={check} />
          ))}
        </Part>
      )}
      {reviews.length + comments.length > 0 && (
        <Part title="Reviews">
          {reviews.map(({ author, state, body, at }) => (
            <Words key={`${author} ${at}`} by={`${author} ${reviewSaid(state)}`} text={body} />
          ))}
          {comments.map(({ author, path, line, body, url: at }) => (
            <Words
              key={`${at} ${path} ${line} ${body}`}
              by={`${author}, ${path}${line === null ? ' (outdated)' : `:${line}`}`}
              text={body}
            />
          ))}
        </Part>
      )}
      {pullRequest.prompt !== null && (
        <SendToCodex session={session} prompt={pullRequest.prompt} onDone={onClose} />
      )}
      {(state === 'open' || state === 'draft') && <KeepGreen pullRequest={pullRequest} mayShip={mayShip} />}
    </>
  );
}

function Failure({ pullRequest, mayShip }: Pick<PullRequestViewProps, 'pullRequest' | 'mayShip'>) {
  const {
    session_id: id,
    failure,
    retry_at: retryAt,
    status,
    title,
    body,
    base,
    labels,
    reviewers,
  } = pullRequest;
  const again = useOpenPullRequest(id);
  const now = useSecondClock();
  const waits = retryAt === null ? 0 : new Date(retryAt).getTime() - now;
  return (
    <div role="alert" className="flex gap-2.5 rounded-lg border px-3 py-2.5 text-sm">
      <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-destructive" />
      <div className="min-w-0 flex-1">
        <p className="break-words text-muted-foreground">
          {failure?.detail} {waits > 0 && `The forge is asked again in ${formatDuration(waits)}.`}
        </p>
        {status === 'failed' && mayShip && (
          <Button
            size="sm"
            className="mt-2"
            busy={again.isPending}
            onClick={() => again.mutate({ title, body, labels, reviewers, ...(base !== null && { base }) })}
          >
            Try again
          </Button>
        )}
        {again.error && <ErrorNotice error={again.error} className="mt-2" />}
      </div>
    </div>
  );
}

const Part = ({ title, children }: { title: string; children: ReactNode }) => (
  <section aria-label={title}>
    <h3 className="mb-1.5 text-xs font-medium">{title}</h3>
    <ul className="max-h-56 space-y-2 overflow-y-auto rounded-lg border px-3 py-2 text-sm">{children}</ul>
  </section>
);

function Check({ check: { name, state, url, summary, log } }: { check: PullRequestCheck }) {
  const label = (
    <>
      <CheckIcon state={state} />
      <span className="min-w-0 flex-1 truncate">
        {name}
        {summary && <span className="text-muted-foreground"> · {summary}</span>}
      </span>
    </>
  );
  return (
    <li>
      <div className="flex items-center gap-2">
        {label}
        {url && /^https?:/.test(url) && (
          <a href={url} target="_blank" rel="noreferrer" aria-label={`Open ${name}`} className="shrink-0">
            <ExternalLink aria-hidden className="size-3.5 text-muted-foreground hover:text-foreground" />
          </a>
        )}
      </div>
      {log && (
        <pre className="mt-1 max-h-40 overflow-auto rounded bg-muted px-2 py-1.5 text-xs whitespace-pre-wrap">
          <VisibleText>{log}</VisibleText>
        </pre>
      )}
    </li>
  );
}

function CheckIcon({ state }: Pick<PullRequestCheck, 'state'>) {
  const looks = 'size-3.5 shrink-0';
  if (state === 'passed')
    return <CircleCheck role="img" aria-label="Passed" className={`${looks} text-success`} />;
  if (state === 'failed')
    return <CircleAlert role="img" aria-label="Failed" className={`${looks} text-destructive`} />;
  return <CircleDashed role="img" aria-label="Under way" className={`${looks} text-muted-foreground`} />;
}

const Words = ({ by, text }: { by: string; text: string }) => (
  <li>
    <p className="flex items-center gap-2 text-xs text-muted-foreground">
      <MessageSquare aria-hidden className="size-3 shrink-0" strokeWidth={1.75} />
      <span className="min-w-0 break-words">{by}</span>
    </p>
    {text && (
      <p className="mt-0.5 break-words whitespace-pre-wrap">
        <VisibleText>{text}</VisibleText>
      </p>
    )}
  </li>
);

function reviewSaid(state: string): string {
  if (state === 'approved') return 'approved it';
  return state === 'changes_requested' ? 'asks for changes' : 'commented';
}

const upperFirst = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
