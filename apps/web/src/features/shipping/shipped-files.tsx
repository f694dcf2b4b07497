import type { Diff } from '@saas-codex/contracts/diffs';
import { ChevronRight } from 'lucide-react';
import { FileStat, FileStatus, StatSummary } from '../../entities/session/changed-file.js';
import { VisibleText } from '../../shared/ui/visible-text.js';

const MAX_FILES = 200;

/** The files that go out. */
export function ShippedFiles({ diff, verb }: { diff: Diff; verb: string }) {
  return (
    <details className="group rounded-lg border px-3 py-2 text-sm">
      <summary className="flex cursor-pointer flex-wrap items-center gap-2 pointer-coarse:min-h-11">
        <StatSummary stat={diff.stat} verb={verb} />
        <ChevronRight
          aria-hidden
          className="ml-auto size-4 text-muted-foreground transition-transform group-open:rotate-90"
        />
      </summary>
      <ul className="mt-2 max-h-40 space-y-1 overflow-y-auto">
        {diff.files.slice(0, MAX_FILES).map((file) => (
          <li key={file.path} className="flex items-center gap-2">
            <FileStatus status={file.status} />
            <span className="min-w-0 flex-1 truncate font-mono text-xs">
              <VisibleText>{file.path}</VisibleText>
            </span>
            <FileStat file={file} />
          </li>
        ))}
        {diff.stat.files > MAX_FILES && (
          <li className="text-xs text-muted-foreground">The rest is under Changes.</li>
        )}
      </ul>
    </details>
  );
}
