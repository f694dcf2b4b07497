import type { SessionChecks } from '@saas-codex/contracts/evidence';
import type { Session } from '@saas-codex/contracts/sessions';
import {
  type CommitMode,
  isBranchName,
  MAX_BRANCH_LENGTH,
  MAX_COMMIT_MESSAGE,
  type Push,
} from '@saas-codex/contracts/shipping';
import { useQuery } from '@tanstack/react-query';
import { BadgeCheck } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { checksQuery } from '../../entities/run/api/checks.js';
import { diffQuery } from '../../entities/session/api/get-diff.js';
import { ProposeMessage } from '../../entities/run/proposed-message.js';
import { openSessionDialog } from '../../entities/session/session-dialog.js';
import { useDraft } from '../../shared/lib/drafts.js';
import { tooLong } from '../../shared/lib/too-long.js';
import { Button } from '../../shared/ui/button.js';
import { DialogActions } from '../../shared/ui/dialog.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { Segmented } from '../../shared/ui/segmented.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { TextAreaField } from '../../shared/ui/text-area-field.js';
import { TextField } from '../../shared/ui/text-field.js';
import { VisibleText } from '../../shared/ui/visible-text.js';
import { AgentCommits } from './agent-commits.js';
import { agentCommitsQuery, useShip } from './api/shipping.js';
import { ShippedFiles } from './shipped-files.js';

const MODES: readonly { value: CommitMode; name: string }[] = [
  { value: 'squash', name: 'One commit' },
  { value: 'per_run', name: 'One per run' },
];

const ownMode = (count: number) => ({ value: 'agent' as const, name: `Codex’s own (${count})` });

interface ShipFormProps {
  session: Session;
  shipped: {
    last: Push | undefined;
    branch: string;
    branchPattern: string | null;
    shippedTree: string | undefined;
    signed: boolean;
  };
  onClose: () => void;
}

/** What is not pushed yet, and what becomes of it. */
export function ShipForm({ session, shipped, onClose }: ShipFormProps) {
  const { session_id: id, title } = session;
  const scope = shipped.shippedTree === undefined ? {} : { from: shipped.shippedTree };
  const { data: diff, error, refetch } = useQuery({ ...diffQuery(id, scope), staleTime: 0 });
  const [draft, setDraft] = useDraft(`ship/${id}`);
  const [typed, setTyped] = useState<string | null>(null);
  const [wanted, setMode] = useState<CommitMode>('squash');
  const [agreed, setAgreed] = useState<string | null>(null);
  const [leaveOut, setLeaveOut] = useState(false);
  const { data: own } = useQuery({ ...agentCommitsQuery(session, diff?.to), staleTime: 0 });
  const commits = own?.items ?? [];
  const mode = wanted === 'agent' && commits.length === 0 ? 'squash' : wanted;
  // To what was read, and to nothing that comes later.
  const listed = `${own?.head} ${own?.tree}`;
  const withReplaced = mode === 'agent' && agreed === listed;
  const isUnread = mode === 'agent' && !withReplaced && commits.some((commit) => commit.replaced_files > 0);
  const hasRest = commits.at(-1)?.to !== diff?.to;
  const ship = useShip(id);
  const message = draft || title;
  const entered = typed ?? shipped.branch;
  const branch = entered.trim();
  const branchProblem = branch !== '' && !isBranchName(branch) && 'Git takes no such name for a branch.';
  const problem = tooLong(message, MAX_COMMIT_MESSAGE);
  const omitted = diff?.omitted ?? [];
  const hint = hindrance(session, shipped.last);
  const { data: checks, isPending: checksUnknown } = useQuery(checksQuery(session));

  if (error && !diff) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (!diff) return <Skeleton className="h-40" />;
  if (diff.stat.files === 0)
    return (
      <>
        <p className="text-sm text-muted-foreground">
          {shipped.shippedTree === undefined
            ? 'Nothing has changed yet.'
            : 'Everything is pushed. What Codex changes next can be shipped to the same branch.'}
        </p>
        <DialogActions>
          <Button onClick={onClose}>Close</Button>
        </DialogActions>
      </>
    );
  const unchecked = checks?.required === true && !hasPassed(checks, diff.to);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    ship.mutate(
      {
        mode,
        tree: diff.to,
        leave_out: leaveOut,
        with_replaced: withReplaced,
        branch,
        ...(mode !== 'per_run' && { message }),
        ...(mode === 'agent' && own?.head && { head: own.head }),
      },
      {
        onSuccess: () => {
          setDraft('');
          setTyped(null);
          setAgreed(null);
        },
        // It shows what is there now.
        onError: () => void refetch(),
      },
    );
  };
  return (
    <form onSubmit={submit} aria-label="Ship the changes" className="space-y-4">
      <ShippedFiles
        diff={diff}
        verb={shipped.shippedTree === undefined ? 'changed' : 'changed since the last push'}
      />
      {omitted.length > 0 && (
        <label className="flex items-start gap-2 rounded-lg border border-warning/40 bg-warning-soft px-3 py-2 text-sm">
          <input
            type="checkbox"
            checked={leaveOut}
            onChange={(event) => setLeaveOut(event.target.checked)}
            className="mt-1"
          />
          <span className="min-w-0">
            Ship without what git cannot record here:{' '}
            <span className="font-mono text-xs break-words">
              <VisibleText>{omitted.join(', ')}</VisibleText>
            </span>
          </span>
        </label>
      )}
      <Segmented
        label="How many commits"
        value={mode}
        onChange={setMode}
        options={commits.length === 0 ? MODES : [...MODES, ownMode(commits.length)]}
        className="w-fit"
      />
      {own?.refused && (
        <p className="text-xs text-muted-foreground">Codex’s own commits cannot be shipped. {own.refused}</p>
      )}
      {mode === 'agent' && (
        <AgentCommits
          sessionId={id}
          commits={commits}
          withReplaced={withReplaced}
          onChange={(agrees) => setAgreed(agrees ? listed : null)}
        />
      )}
      {mode === 'squash' || (mode === 'agent' && hasRest) ? (
        <div className="space-y-2">
          <TextAreaField
            label={
              mode === 'squash' ? 'Message' : 'Message of a last commit, for what Codex has not committed'
            }
            value={draft}
            placeholder={title}
            error={problem}
            onChange={(event) => setDraft(event.target.value)}
          />
          {mode === 'squash' && (
            <ProposeMessage
              sessionId={id}
              tree={diff.to}
              text={draft}
              disabled={session.status !== 'ready' || session.active_run_id !== null}
              onUse={setDraft}
            />
          )}
        </div>
      ) : (
        <p className="text-xs text-muted-foreground">
          {mode === 'agent'
            ? 'Each is by you, with Codex as co-author.'
            : 'Each is by the person who wrote the prompt, which is its message.'}
        </p>
      )}
      <TextField
        label="Branch"
        value={entered}
        onChange={(event) => setTyped(event.target.value)}
        maxLength={MAX_BRANCH_LENGTH}
        spellCheck={false}
        autoCapitalize="none"
        autoComplete="off"
        className="[&_input]:font-mono [&_input]:text-xs"
        hint={`${shipped.branchPattern === null ? '' : `Your organisation names branches ${shipped.branchPattern}. `}Commits of others on it are never overwritten.`}
        {...(branchProblem && { error: branchProblem })}
      />
      {shipped.signed && (
        <p className="flex items-center gap-1.5 text-xs text-muted-foreground">
          <BadgeCheck aria-hidden className="size-4 shrink-0" />
          Signed with the key of your organisation.
        </p>
      )}
      {hint && <p className="text-sm text-muted-foreground">{hint}</p>}
      {unchecked && <ChecksFirst session={session} />}
      {ship.error && <ErrorNotice error={ship.error} />}
      <DialogActions>
        <Button onClick={onClose}>Close</Button>
        <Button
          variant="primary"
          type="submit"
          busy={ship.isPending}
          disabled={
            hint !== null ||
            checksUnknown ||
            unchecked ||
            !isBranchName(branch) ||
            problem !== undefined ||
            isUnread ||
            (omitted.length > 0 && !leaveOut)
          }
        >
          Commit and push
        </Button>
      </DialogActions>
    </form>
  );
}

/** Whether the newest evidence about exactly these files says so. */
function hasPassed({ items }: SessionChecks, tree: string): boolean {
  const shown = items.find(({ evidence }) => evidence?.tree === tree);
  return shown?.evidence?.result === 'passed';
}

const ChecksFirst = ({ session }: { session: Session }) => (
  <div className="flex flex-wrap items-center gap-2 rounded-lg border border-warning/40 bg-warning-soft px-3 py-2 text-sm">
    <p className="min-w-0 flex-1">
      This repository lets nothing out before its checks have passed on exactly these files.
    </p>
    <Button size="sm" onClick={() => openSessionDialog({ about: 'checks', session })}>
      Checks…
    </Button>
  </div>
);

/** Why nothing can be shipped now; null: it can. */
function hindrance(session: Session, last: Push | undefined): string | null {
  if (session.status === 'archived') return 'This session is archived. Unarchive it to ship its changes.';
  if (session.active_run_id !== null) return 'Codex is working. Ship once the run has ended.';
  return last?.status === 'pending' ? 'A push is under way. The next one can follow it.' : null;
}
