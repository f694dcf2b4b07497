import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { useQueryClient } from '@tanstack/react-query';
import { FilePen, Undo2 } from 'lucide-react';
import { revertChanges } from '../../entities/run/api/edits.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { inWords } from '../../shared/lib/open-enums.js';
import { Button } from '../../shared/ui/button.js';
import { VisibleText } from '../../shared/ui/visible-text.js';
import { RunFiles } from './run-files.js';
import { RunningLine } from './running-line.js';

interface EditBlockProps {
  run: Run;
  session: Session;
}

/** What a person has changed in the files by themselves, and how to undo it. */
export function EditBlock({ run, session }: EditBlockProps) {
  const { run_id: runId, session_id: sessionId, prompt, created_by: by, status, error, diff } = run;
  const client = useQueryClient();
  const mayUndo = usePermission('runs:create') && session.status === 'ready';
  const isUndoable = mayUndo && status === 'succeeded' && !run.rewound_at && (diff?.files ?? 0) > 0;
  const undo = () => void revertChanges(client, sessionId, { scope: 'run', run_id: runId });
  return (
    <article aria-label={`Edit: ${prompt}`} className="pb-7">
      <div className="flex min-h-8 items-center gap-2.5 text-sm">
        <FilePen aria-hidden className="size-4 shrink-0 text-subtle-foreground" strokeWidth={1.75} />
        <p className="min-w-0 flex-1 [overflow-wrap:anywhere]">
          <VisibleText>{prompt}</VisibleText>
          {by && <span className="text-muted-foreground"> · {by.name}</span>}
        </p>
        {isUndoable && (
          <Button variant="ghost" size="sm" onClick={undo}>
            <Undo2 aria-hidden className="size-3.5" />
            Undo
          </Button>
        )}
      </div>
      {run.ended_at === null && <RunningLine label="Waits for the files" since={null} />}
      {run.ended_at !== null && status !== 'succeeded' && (
        <p className="text-sm text-muted-foreground">
          {inWords(status)}. {error}
        </p>
      )}
      {diff && diff.files > 0 && <RunFiles runId={runId} sessionId={sessionId} stat={diff} />}
    </article>
  );
}
