import type { KnownItem } from '@saas-codex/contracts/items';
import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import { FileMinus, FilePen, FilePlus, type LucideIcon } from 'lucide-react';
import { Badge } from '../../../shared/ui/badge.js';
import { diffQuery } from '../../session/api/get-diff.js';
import { FileStat } from '../../session/changed-file.js';
import { useShowChanges } from '../../session/changes-location.js';
import { repositoryPath } from '../present.js';
import { CodeTarget, StepRow } from './step-row.js';

type FileChangeItem = Extract<KnownItem, { type: 'file_change' }>;

interface Kind {
  icon: LucideIcon;
  doing: string;
  done: string;
}

const EDIT: Kind = { icon: FilePen, doing: 'Editing', done: 'Edited' };
const KINDS: Record<string, Kind> = {
  add: { icon: FilePlus, doing: 'Creating', done: 'Created' },
  delete: { icon: FileMinus, doing: 'Deleting', done: 'Deleted' },
};

interface FileChangeRowsProps {
  item: FileChangeItem;
  busy: boolean;
  session: Pick<Session, 'session_id' | 'repo_path'>;
  runId: string;
}

/** One line per file, with the number of lines that the run has changed in it. Each links to its diff. */
export function FileChangeRows({ item, busy, session, runId }: FileChangeRowsProps) {
  const showChanges = useShowChanges();
  // Codex reports which files it edits, but not how many lines.
  const { data: diff } = useQuery({
    ...diffQuery(session.session_id, { from: runId, to: runId }),
    enabled: !busy && item.status !== 'failed',
  });
  return (
    <>
      {item.changes.map(({ path, kind }, index) => {
        const { icon, doing, done } = KINDS[kind] ?? EDIT;
        const file = repositoryPath(path, session.repo_path);
        const changed = diff?.files.find((one) => one.path === file);
        return (
          <StepRow
            key={`${path}:${index}`}
            id={path}
            icon={icon}
            verb={busy ? doing : done}
            busy={busy}
            badge={
              item.status === 'failed' ? <Badge tone="danger">failed</Badge> : <FileStat file={changed} />
            }
            target={
              <button
                type="button"
                aria-label={`Show the changes of ${file}`}
                onClick={() => showChanges({ run: runId, file })}
                className="rounded-sm pointer-coarse:min-h-11 decoration-subtle-foreground/60 underline-offset-3 hover:underline"
              >
                <CodeTarget>{file}</CodeTarget>
              </button>
            }
          />
        );
      })}
    </>
  );
}
