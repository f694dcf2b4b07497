import type { Run } from '@saas-codex/contracts/runs';
import { PenLine } from 'lucide-react';
import { inWords } from '../../shared/lib/open-enums.js';
import { RunningLine } from './running-line.js';

/** That a commit message was asked for. It is no part of the conversation, and what came of it is where messages are written. */
export function ProposalBlock({
  run: { status, error, created_by: by, started_at, ended_at },
}: {
  run: Run;
}) {
  return (
    <article aria-label="Proposed commit message" className="pb-7">
      <p className="flex min-h-8 items-center gap-2.5 text-sm text-muted-foreground">
        <PenLine aria-hidden className="size-4 shrink-0 text-subtle-foreground" strokeWidth={1.75} />
        <span className="min-w-0 [overflow-wrap:anywhere]">
          {status === 'succeeded' ? 'Codex proposed a commit message' : 'Commit message'}
          {by && ` · ${by.name}`}
        </span>
      </p>
      {ended_at === null && <RunningLine label="Writing a message" since={started_at} />}
      {ended_at !== null && status !== 'succeeded' && (
        <p className="text-sm text-muted-foreground">
          {inWords(status)}. {error}
        </p>
      )}
    </article>
  );
}
