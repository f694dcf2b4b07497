import type { DiffFile } from '@saas-codex/contracts/diffs';
import type { AgentCommit } from '@saas-codex/contracts/shipping';
import { useQuery } from '@tanstack/react-query';
import { ChevronRight } from 'lucide-react';
import { useState } from 'react';
import { FileStat, FileStatus } from '../../entities/session/changed-file.js';
import { diffQuery } from '../../entities/session/api/get-diff.js';
import { filePatchQuery } from '../../entities/session/api/get-file-patch.js';
import { Badge } from '../../shared/ui/badge.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { VisibleText } from '../../shared/ui/visible-text.js';
import { PlainPatch } from './plain-patch.js';

interface AgentCommitsProps {
  sessionId: string;
  commits: readonly AgentCommit[];
  /** Whether the reader lets out what no diff of the end shows. */
  withReplaced: boolean;
  onChange: (withReplaced: boolean) => void;
}

/**
 * What Codex has committed, as it would be shipped. A commit may hold what a later one replaces or removes, a password say: those
 * parts are open from the start, and a person says that they may go out.
 */
export function AgentCommits({ sessionId, commits, withReplaced, onChange }: AgentCommitsProps) {
  const holding = commits.filter((commit) => commit.replaced_files > 0).length;
  return (
    <div className="space-y-2">
      <ol
        aria-label="Commits of Codex"
        className="max-h-80 divide-y overflow-y-auto rounded-lg border text-sm"
      >
        {commits.map((commit) => (
          <li key={commit.oid}>
            <Opened
              initially={commit.replaced_files > 0}
              className="px-3 py-2"
              summary={
                <>
                  <span className="min-w-0 flex-1 break-words">
                    <VisibleText>{commit.subject}</VisibleText>
                  </span>
                  {commit.replaced_files > 0 && <Badge tone="warning">Holds more</Badge>}
                  <span className="text-xs whitespace-nowrap text-muted-foreground">
                    {commit.files.toLocaleString()} {commit.files === 1 ? 'file' : 'files'}
                  </span>
                </>
              }
            >
              {commit.body !== '' && (
                <p className="mb-2 text-xs break-words whitespace-pre-wrap text-muted-foreground">
                  <VisibleText>{commit.body}</VisibleText>
                </p>
              )}
              <CommitFiles sessionId={sessionId} commit={commit} />
            </Opened>
          </li>
        ))}
      </ol>
      {holding > 0 && (
        <label className="flex items-start gap-2 rounded-lg border border-warning/40 bg-warning-soft px-3 py-2 text-sm">
          <input
            type="checkbox"
            checked={withReplaced}
            onChange={(event) => onChange(event.target.checked)}
            className="mt-1"
          />
          <span className="min-w-0">
            {holding === 1 ? 'One commit holds' : `${holding} commits hold`} what is replaced or removed
            later, so that Changes does not show it. I have read it, and it may go out.
          </span>
        </label>
      )}
    </div>
  );
}

function CommitFiles({ sessionId, commit }: { sessionId: string; commit: AgentCommit }) {
  const { from, to, replaced } = commit;
  const { data: diff, error, refetch } = useQuery(diffQuery(sessionId, { from, to }));
  if (error && !diff) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (!diff) return <Skeleton className="h-12" />;
  const holds = new Set(replaced);
  const files = diff.files.toSorted((a, b) => Number(holds.has(b.path)) - Number(holds.has(a.path)));
  return (
    <>
      <ul className="space-y-1">
        {files.map((file) => (
          <li key={file.path}>
            <Opened
              initially={holds.has(file.path)}
              summary={
                <>
                  <FileStatus status={file.status} />
                  <span className="min-w-0 flex-1 font-mono text-xs break-all">
                    <VisibleText>{file.path}</VisibleText>
                  </span>
                  <FileStat file={file} />
                </>
              }
            >
              <FilePatch sessionId={sessionId} trees={{ from, to }} file={file} />
            </Opened>
          </li>
        ))}
      </ul>
      {diff.truncated && (
        <p className="mt-1 text-xs text-muted-foreground">It changes more files than are listed here.</p>
      )}
    </>
  );
}

interface FilePatchProps {
  sessionId: string;
  trees: { from: string; to: string };
  file: DiffFile;
}

function FilePatch({ sessionId, trees, file }: FilePatchProps) {
  const { data, error, refetch } = useQuery(
    filePatchQuery(sessionId, { ...trees, whitespace: 'show' }, file.path),
  );
  if (error && !data) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton className="h-12" />;
  if (file.binary) return <p className="text-xs text-muted-foreground">This file is no text.</p>;
  return <PlainPatch patch={data.patch} truncated={data.truncated} />;
}

interface OpenedProps {
  initially: boolean;
  summary: React.ReactNode;
  children: React.ReactNode;
  className?: string;
}

/** A part that is read only once it is open. */
function Opened({ initially, summary, children, className }: OpenedProps) {
  const [open, setOpen] = useState(initially);
  return (
    <details
      open={open}
      onToggle={(event) => {
        // Those inside tell their parents, too.
        if (event.target === event.currentTarget) setOpen(event.currentTarget.open);
      }}
      className={className}
    >
      <summary className="flex cursor-pointer items-center gap-2 pointer-coarse:min-h-11">
        <ChevronRight
          aria-hidden
          className={`size-3.5 shrink-0 text-muted-foreground transition-transform ${open ? 'rotate-90' : ''}`}
        />
        {summary}
      </summary>
      {open && <div className="mt-2 pl-5">{children}</div>}
    </details>
  );
}
