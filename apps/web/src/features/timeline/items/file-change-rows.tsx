import type { KnownItem } from '@saas-codex/contracts/items';
import { FileMinus, FilePen, FilePlus, type LucideIcon } from 'lucide-react';
import { useShowChanges } from '../../../shared/navigation/changes-location.js';
import { Badge } from '../../../shared/ui/badge.js';
import { repositoryPath } from '../fold/present.js';
import { CodeTarget, StepRow } from '../ui/step-row.js';

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
  /** The run goes on: what it changes cannot be told apart yet. */
  live: boolean;
  repoPath: string;
  runId: string;
}

/** One line per file, each leading to its diff. */
export function FileChangeRows({ item, busy, live, repoPath, runId }: FileChangeRowsProps) {
  const showChanges = useShowChanges();
  return (
    <>
      {item.changes.map(({ path, kind }, index) => {
        const { icon, doing, done } = KINDS[kind] ?? EDIT;
        const file = repositoryPath(path, repoPath);
        return (
          <StepRow
            key={`${path}:${index}`}
            id={path}
            icon={icon}
            verb={busy ? doing : done}
            busy={busy}
            badge={item.status === 'failed' && <Badge tone="danger">failed</Badge>}
            target={
              <button
                type="button"
                aria-label={`Show the changes of ${file}`}
                onClick={() => showChanges(live ? { file } : { run: runId, file })}
                className="rounded-sm decoration-subtle-foreground/60 underline-offset-3 hover:underline"
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
