import { CHECKS_FILE } from '@saas-codex/contracts/declared-checks';
import type { CheckRun, EvidenceSummary, SessionChecks } from '@saas-codex/contracts/evidence';
import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import { Download, ListChecks } from 'lucide-react';
import { useCancelRun } from '../../entities/run/api/cancel-run.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { formatAge, useMinuteClock } from '../../shared/lib/time.js';
import { Badge } from '../../shared/ui/badge.js';
import { Button } from '../../shared/ui/button.js';
import { CopyButton } from '../../shared/ui/copy-button.js';
import { Dialog, DialogActions } from '../../shared/ui/dialog.js';
import { EmptyState } from '../../shared/ui/empty-state.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { scrollable } from '../../shared/ui/scroller.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { checksQuery, evidenceUrl, useRunChecks } from '../../entities/run/api/checks.js';
import { CheckRows } from './check-rows.js';

const EXAMPLE = `checks:
  - name: Test
    run: |
      npm ci
      npm test
    timeout_minutes: 15
  - name: Lint
    run: npm ci && npm run lint
`;

interface ChecksDialogProps {
  session: Session;
  onClose: () => void;
}

/** The repository's checks, which the platform runs on exactly the files of the session, and what they have shown. */
export function ChecksDialog({ session, onClose }: ChecksDialogProps) {
  const { data, error, refetch } = useQuery(checksQuery(session));
  const start = useRunChecks(session.session_id);
  const cancel = useCancelRun(session.session_id);
  const mayRun = usePermission('runs:create');
  const latest = data?.items[0];
  const working = latest && latest.run.ended_at === null ? latest.run : null;
  const canRun = mayRun && session.status === 'ready' && (data?.declared.length ?? 0) > 0;
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Checks"
      description="The platform runs them itself: in a fresh sandbox, on a fresh checkout, without Codex."
      size="xl"
    >
      <div className="mt-4 space-y-4">
        {error && !data && <ErrorNotice error={error} onRetry={() => void refetch()} />}
        {!data && !error && <LoadingChecks />}
        {data && <Contents checks={data} />}
        {start.error && <ErrorNotice error={start.error} />}
        {cancel.error && <ErrorNotice error={cancel.error} />}
      </div>
      <DialogActions>
        <Button onClick={onClose}>Close</Button>
        {working && mayRun && (
          <Button busy={cancel.isPending} onClick={() => cancel.mutate(working.run_id)}>
            Stop
          </Button>
        )}
        {canRun && !working && (
          <Button variant="primary" busy={start.isPending} onClick={() => start.mutate()}>
            Run checks
          </Button>
        )}
      </DialogActions>
    </Dialog>
  );
}

function Contents({ checks: { declared, problem, items } }: { checks: SessionChecks }) {
  const [latest, ...earlier] = items;
  const names = declared.map(({ name }) => name);
  return (
    <>
      {problem !== null && (
        <p role="alert" className="text-sm break-words text-destructive">
          {problem}
        </p>
      )}
      {declared.length === 0 && problem === null && items.length === 0 && <NoChecks />}
      {latest ? (
        <LatestRun shown={latest} names={names} />
      ) : (
        declared.length > 0 && <Declared names={names} />
      )}
      {earlier.length > 0 && <Earlier runs={earlier} />}
    </>
  );
}

const Declared = ({ names }: { names: readonly string[] }) => (
  <p className="text-sm text-muted-foreground">
    Not run yet: {names.join(', ')}. They are those of <code>{CHECKS_FILE}</code> in the state that the
    session began from.
  </p>
);

function LatestRun({ shown, names }: { shown: CheckRun; names: readonly string[] }) {
  const { run, evidence } = shown;
  return (
    <section aria-label="Latest run" className="space-y-2">
      <CheckRows shown={shown} names={names} />
      {evidence ? (
        <EvidenceLine evidence={evidence} />
      ) : (
        <p className="text-sm text-muted-foreground">{run.error ?? stateOf(run.status)}</p>
      )}
      {evidence?.stale && (
        <p className="text-xs text-muted-foreground">
          The files have changed since. Run the checks again to know whether they still pass.
        </p>
      )}
    </section>
  );
}

const stateOf = (status: string): string =>
  status === 'queued' ? 'They start when the run at work has ended.' : 'Running…';

function Verdict({ evidence: { result, stale } }: { evidence: EvidenceSummary }) {
  return (
    <>
      <Badge tone={result === 'passed' ? (stale ? 'neutral' : 'success') : 'danger'}>
        {result === 'passed' ? 'Passed' : 'Failed'}
      </Badge>
      {stale && <Badge tone="warning">Stale</Badge>}
    </>
  );
}

const EvidenceLine = ({ evidence }: { evidence: EvidenceSummary }) => (
  <div className="flex flex-wrap items-center gap-x-2 gap-y-1 text-xs text-muted-foreground">
    <Verdict evidence={evidence} />
    <span className="min-w-0">
      Evidence <code className="break-all">{evidence.evidence_id}</code>
    </span>
    <span className="flex items-center">
      <CopyButton text={evidence.evidence_id} label="Copy the evidence’s id" />
      <a
        href={evidenceUrl(evidence.evidence_id)}
        download={`evidence-${evidence.evidence_id}.json`}
        aria-label="Download the evidence"
        className="inline-flex size-6 items-center justify-center rounded-md hover:bg-hover hover:text-foreground pointer-coarse:size-11"
      >
        <Download aria-hidden className="size-3.5" />
      </a>
    </span>
  </div>
);

function Earlier({ runs }: { runs: readonly CheckRun[] }) {
  const now = useMinuteClock();
  return (
    <section aria-label="Earlier runs">
      <h3 className="pb-1 text-xs font-medium text-muted-foreground">Earlier</h3>
      <div {...scrollable('Earlier runs')} className="max-h-40 overflow-y-auto">
        <ul className="space-y-1">
          {runs.map(({ run, evidence }) => (
            <li key={run.run_id} className="flex min-h-7 items-center gap-2 text-xs text-muted-foreground">
              <span className="w-14 shrink-0">{formatAge(run.created_at, now)}</span>
              {evidence ? <Verdict evidence={evidence} /> : <Badge>Nothing proven</Badge>}
              {evidence && (
                <CopyButton text={evidence.evidence_id} label="Copy the evidence’s id" className="ml-auto" />
              )}
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}

const NoChecks = () => (
  <div>
    <EmptyState icon={ListChecks} title="The repository declares no checks" className="pt-2 pb-4">
      Add a file named <code>{CHECKS_FILE}</code> to the repository, and start a session from that state.
      Codex cannot change which checks a session has.
    </EmptyState>
    <div className="relative">
      <pre
        {...scrollable('An example of the file')}
        className="overflow-x-auto rounded-lg border bg-muted/60 px-3 py-2 font-mono text-xs"
      >
        {EXAMPLE}
      </pre>
      <CopyButton text={EXAMPLE} label="Copy the example" className="absolute top-1.5 right-1.5" />
    </div>
  </div>
);

const LoadingChecks = () => (
  <div aria-busy="true" className="space-y-2.5">
    <span className="sr-only">Loading checks</span>
    <Skeleton className="h-4 w-1/2" />
    <Skeleton className="h-4 w-2/3" />
  </div>
);
