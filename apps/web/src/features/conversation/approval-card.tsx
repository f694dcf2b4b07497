import type { ApprovalDecision } from '@saas-codex/contracts/approval-questions';
import { Approval } from '@saas-codex/contracts/approvals';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Hand } from 'lucide-react';
import { describeCommand } from '../../entities/timeline/command/describe-command.js';
import type { ApprovalEntry, Entry } from '../../entities/timeline/run-timeline.js';
import { destinationText } from '../../entities/timeline/items/approval-row.js';
import { ApiError } from '../../shared/api/api-error.js';
import { path, request } from '../../shared/api/request.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { Button, type ButtonProps } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { scrollable } from '../../shared/ui/scroller.js';
import { VisibleText } from '../../shared/ui/visible-text.js';
import { ChangePreview } from './change-preview.js';

interface ApprovalCardProps {
  questions: readonly ApprovalEntry[];
  /** Of the run: they have the file changes that are asked for. */
  entries: readonly Entry[];
  sessionId: string;
}

/** The questions of a run that wait for an answer. */
export const ApprovalCards = ({ questions, entries, sessionId }: ApprovalCardProps) => (
  <div className="space-y-2 py-2">
    {questions.map((entry) => (
      <ApprovalCard key={entry.key} entry={entry} entries={entries} sessionId={sessionId} />
    ))}
  </div>
);

const TITLES: Record<string, string> = {
  command: 'Codex wants to run a command',
  file_change: 'Codex wants to change files',
  network: 'A command wants to reach a host',
};

interface Answer {
  decision: ApprovalDecision;
  label: string;
  variant?: ButtonProps['variant'];
}

/** In the order in which they are offered. */
const ANSWERS: readonly Answer[] = [
  { decision: 'accept', label: 'Accept', variant: 'primary' },
  { decision: 'accept_for_session', label: 'Accept for this run' },
  { decision: 'decline', label: 'Decline and go on' },
  { decision: 'cancel', label: 'Decline and stop' },
];

/** A connection is allowed or refused. The run goes on either way. */
const NETWORK_LABELS: Partial<Record<ApprovalDecision, string>> = {
  accept: 'Allow once',
  accept_for_session: 'Allow for this session',
  decline: 'Refuse',
};

function ApprovalCard({
  entry: { question },
  entries,
  sessionId,
}: { entry: ApprovalEntry } & Omit<ApprovalCardProps, 'questions'>) {
  const mayAnswer = usePermission('runs:approve');
  const decide = useDecide(sessionId, question.approval_id);
  const title = TITLES[question.kind] ?? 'Codex asks for your approval';
  const answered = decide.data !== undefined;
  return (
    <section
      aria-label={title}
      className="rounded-xl border border-warning/25 bg-warning-soft px-3.5 py-3 text-sm"
    >
      <p className="flex items-center gap-2.5 font-medium">
        <Hand aria-hidden className="size-4 shrink-0 text-warning" />
        {title}
      </p>
      {question.reason && (
        <p className="mt-1 text-muted-foreground">
          <VisibleText>{question.reason}</VisibleText>
        </p>
      )}
      {question.command !== null && (
        <pre
          {...scrollable('Command')}
          className="mt-2 max-h-64 overflow-auto rounded-lg border bg-card px-3 py-2 font-mono text-xs wrap-anywhere whitespace-pre-wrap"
        >
          <VisibleText>{describeCommand(question.command).script}</VisibleText>
        </pre>
      )}
      {question.destination && (
        <p className="mt-2 rounded-lg border bg-card px-3 py-2 font-mono text-xs wrap-anywhere">
          <VisibleText>{destinationText(question.destination)}</VisibleText>
        </p>
      )}
      <ChangePreview changes={changesOf(entries, question.item_id)} />
      {mayAnswer && !answered && (
        <div className="mt-3 grid gap-2 sm:flex sm:flex-wrap">
          {ANSWERS.filter(({ decision }) => question.decisions.includes(decision)).map(
            ({ decision, label, variant }) => (
              <Button
                key={decision}
                variant={variant}
                className="max-sm:h-11"
                disabled={decide.isPending}
                busy={decide.isPending && decide.variables === decision}
                onClick={() => decide.mutate(decision)}
              >
                {(question.kind === 'network' && NETWORK_LABELS[decision]) || label}
              </Button>
            ),
          )}
        </div>
      )}
      {answered && <p className="mt-2 text-muted-foreground">Answered. It takes effect in a moment.</p>}
      {!mayAnswer && <p className="mt-2 text-muted-foreground">It waits for somebody who may answer.</p>}
      {decide.error && <ErrorNotice error={decide.error} className="mt-3" />}
    </section>
  );
}

function changesOf(entries: readonly Entry[], itemId: string) {
  const entry = entries.find(({ key }) => key === `item:${itemId}`);
  if (entry?.kind !== 'item' || !entry.item.known || entry.item.value.type !== 'file_change') return [];
  return entry.item.value.changes;
}

const ATTEMPTS = 10;
const RETRY_MS = 300;

/** The question is in the log a moment before the server takes answers to it. */
function useDecide(sessionId: string, approvalId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (decision: ApprovalDecision) =>
      request(path`/api/approvals/${approvalId}/decision`, {
        method: 'POST',
        schema: Approval,
        body: { decision },
      }),
    retry: (count, error) =>
      error instanceof ApiError && error.code === 'approval_not_found' && count < ATTEMPTS,
    retryDelay: RETRY_MS,
    onSettled: () => client.invalidateQueries({ queryKey: ['approvals', sessionId] }),
  });
}
