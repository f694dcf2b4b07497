import type { Push } from '@saas-codex/contracts/shipping';
import { CircleAlert, CircleCheck } from 'lucide-react';
import type { ReactNode } from 'react';
import { formatAge, formatDuration, useMinuteClock, useSecondClock } from '../../shared/lib/time.js';
import { Button } from '../../shared/ui/button.js';
import { CopyButton } from '../../shared/ui/copy-button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { Spinner } from '../../shared/ui/spinner.js';
import { usePushAgain } from './api/shipping.js';

/** How the last push stands, and what to do about it. */
export function ShipStatus({ push }: { push: Push }) {
  const again = usePushAgain(push.session_id);
  const { failure, commit_id, branch, status } = push;
  return (
    <section aria-label="Last push" className="rounded-lg border bg-muted/40 px-3 py-2.5 text-sm">
      <div role="status" className="flex gap-2.5">
        <StatusIcon status={status} />
        <div className="min-w-0 flex-1">
          {status === 'pushed' && <Pushed push={push} />}
          {status === 'pending' && <Pending push={push} />}
          {status !== 'pushed' && status !== 'pending' && (
            <>
              <p className="font-medium">{failure?.title ?? 'The push failed'}</p>
              <p className="break-words whitespace-pre-wrap text-muted-foreground">{failure?.detail}</p>
              <Button
                size="sm"
                className="mt-2"
                busy={again.isPending}
                onClick={() => again.mutate({ commit_id, branch })}
              >
                Push the same commit again
              </Button>
            </>
          )}
        </div>
      </div>
      {again.error && <ErrorNotice error={again.error} className="mt-2" />}
    </section>
  );
}

function StatusIcon({ status }: Pick<Push, 'status'>) {
  if (status === 'pending') return <Spinner className="mt-0.5 size-4" />;
  return status === 'pushed' ? (
    <CircleCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-success" />
  ) : (
    <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-destructive" />
  );
}

function Pushed({ push: { branch, oid, pushed_at, host_message, repo_url } }: { push: Push }) {
  const now = useMinuteClock();
  return (
    <>
      <p className="flex flex-wrap items-center gap-x-1">
        <span>Pushed to</span>
        <BranchName>{branch}</BranchName>
        <CopyButton text={branch} label="Copy the name of the branch" />
      </p>
      <p className="text-xs text-muted-foreground">
        <span className="font-mono">{oid.slice(0, 10)}</span>
        {pushed_at && ` · ${formatAge(pushed_at, now)}`}
      </p>
      {host_message && (
        <p className="mt-1.5 max-h-28 overflow-y-auto text-xs break-words whitespace-pre-wrap text-muted-foreground">
          <HostMessage text={host_message} repoUrl={repo_url} />
        </p>
      )}
    </>
  );
}

function Pending({ push: { branch, failure, retry_at } }: { push: Push }) {
  const now = useSecondClock();
  const waits = retry_at === null ? 0 : new Date(retry_at).getTime() - now;
  return (
    <>
      <p>
        {failure ? 'Waiting to push to' : 'Pushing to'} <BranchName>{branch}</BranchName>
      </p>
      {failure && (
        <p className="text-muted-foreground">
          {failure.detail} {waits > 0 && `Next try in ${formatDuration(waits)}.`}
        </p>
      )}
    </>
  );
}

const BranchName = ({ children }: { children: ReactNode }) => (
  <code className="rounded bg-muted px-1 py-0.5 text-xs break-all">{children}</code>
);

const ADDRESS = /(https:\/\/[^\s<>"')]+)/;

/** What a host says is text. Only its addresses at the host of the repository are links. */
function HostMessage({ text, repoUrl }: { text: string; repoUrl: string }) {
  const host = hostOf(repoUrl);
  return text.split(ADDRESS).map((part, index) =>
    ADDRESS.test(part) && host !== null && hostOf(part) === host ? (
      <a
        // The parts of a text that never changes.
        key={index}
        href={part}
        target="_blank"
        rel="noreferrer"
        className="underline underline-offset-2 hover:text-foreground"
      >
        {part}
      </a>
    ) : (
      part
    ),
  );
}

const hostOf = (address: string): string | null => URL.parse(address)?.hostname ?? null;
