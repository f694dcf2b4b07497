import type { DiffStat as Stat } from '@saas-codex/contracts/diffs';
import { useQuery } from '@tanstack/react-query';
import { ChevronRight, FileDiff } from 'lucide-react';
import { diffQuery } from '../../entities/session/api/get-diff.js';
import { FileStat, FileStatus, mostRelevant, StatSummary } from '../../entities/session/changed-file.js';
import { useShowChanges } from '../../entities/session/changes-location.js';
import { Button } from '../../shared/ui/button.js';
import { VisibleText } from '../../shared/ui/visible-text.js';

interface RunFilesProps {
  runId: string;
  sessionId: string;
  stat: Stat;
}

const FILES_SHOWN = 4;

/** The files that a run changed, below its answer. Each links to its diff. */
export function RunFiles({ runId, sessionId, stat }: RunFilesProps) {
  const showChanges = useShowChanges();
  const { data } = useQuery(diffQuery(sessionId, { from: runId, to: runId }));
  const files = mostRelevant(data?.files ?? [], FILES_SHOWN);
  const more = stat.files - files.length;
  return (
    <div
      role="group"
      aria-label="Changed files"
      className="my-3 overflow-hidden rounded-xl border bg-card shadow-xs"
    >
      <header className="flex min-h-10 items-center gap-2 pr-1.5 pl-3.5 text-sm">
        <FileDiff aria-hidden className="size-4 text-subtle-foreground" strokeWidth={1.75} />
        <span className="flex min-w-0 flex-wrap items-center gap-x-2 font-medium">
          <StatSummary stat={stat} verb="changed" />
        </span>
        <Button variant="ghost" size="sm" className="ml-auto" onClick={() => showChanges({ run: runId })}>
          Review
          <ChevronRight aria-hidden className="size-3.5" />
        </Button>
      </header>
      {files.length > 0 && (
        <ul className="border-t py-1">
          {files.map((file) => (
            <li key={file.path}>
              <button
                type="button"
                onClick={() => showChanges({ run: runId, file: file.path })}
                className="flex h-7 w-full items-center gap-2.5 pointer-coarse:h-11 px-3.5 text-left hover:bg-hover"
              >
                <FileStatus status={file.status} />
                <span className="min-w-0 flex-1 truncate font-mono text-xs" dir="rtl">
                  <bdi>
                    <VisibleText>{file.path}</VisibleText>
                  </bdi>
                </span>
                <FileStat file={file} />
              </button>
            </li>
          ))}
          {more > 0 && (
            <li>
              <button
                type="button"
                onClick={() => showChanges({ run: runId })}
                className="flex h-7 w-full items-center px-3.5 pointer-coarse:h-11 text-xs text-muted-foreground hover:bg-hover hover:text-foreground"
              >
                and {more.toLocaleString()} more
              </button>
            </li>
          )}
        </ul>
      )}
    </div>
  );
}
