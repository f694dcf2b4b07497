import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import { FileDiff, ListTodo } from 'lucide-react';
import { type TodoListProps, TodoSteps } from '../../entities/timeline/items/todo-list.js';
import { planOf } from '../../entities/timeline/present.js';
import { useTimelineValue } from '../../entities/timeline/run-log.js';
import type { RunTimeline } from '../../entities/timeline/run-timeline.js';
import { diffQuery } from '../../entities/session/api/get-diff.js';
import { StatSummary } from '../../entities/session/changed-file.js';
import { useShowChanges } from '../../entities/session/changes-location.js';
import { DisclosureArrow, useDisclosure } from '../../shared/ui/disclosure.js';

/** While a run is in progress: how far its plan is and what the session has changed so far, wherever the reader is. */
export function RunDock({ session }: { session: Session }) {
  const runId = session.active_run_id;
  const plan = useTimelineValue(runId, planOf);
  const touched = useTimelineValue(runId, hasTouchedFiles);
  if (runId === null || (!plan && !touched)) return null;
  return (
    <section aria-label="Progress" className="mx-auto w-full max-w-3xl animate-fade-in px-4 pb-2 max-sm:px-3">
      <div className="flex flex-wrap items-start gap-x-2 rounded-xl border bg-card px-1 py-0.5 text-xs shadow-xs">
        {plan && <PlanProgress key={runId} runId={runId} items={plan} />}
        {touched && <ChangedSoFar sessionId={session.session_id} />}
      </div>
    </section>
  );
}

const hasTouchedFiles = ({ fileTouches }: RunTimeline): boolean => fileTouches > 0;

const PART = 'flex h-7 items-center gap-2 rounded-lg px-2.5 text-left hover:bg-hover pointer-coarse:h-11';

function PlanProgress({ runId, items }: Pick<TodoListProps, 'items'> & { runId: string }) {
  const { open, trigger, bodyId } = useDisclosure(`${runId}/dock-plan`);
  const done = items.filter((item) => item.completed).length;
  const current = items.find((item) => !item.completed);
  return (
    <div className="min-w-0 flex-1">
      <button {...trigger} className={`${PART} w-full`}>
        <ListTodo aria-hidden className="size-3.5 shrink-0 text-subtle-foreground" />
        <span className="shrink-0 font-medium tabular-nums">
          Plan {done}/{items.length}
        </span>
        <span className="min-w-0 truncate text-muted-foreground">{!open && current?.text}</span>
        <DisclosureArrow open={open} className="ml-auto size-3.5 text-subtle-foreground" />
      </button>
      {open && (
        <div id={bodyId} className="max-h-40 overflow-y-auto px-2.5 pb-2">
          <TodoSteps items={items} live />
        </div>
      )}
    </div>
  );
}

function ChangedSoFar({ sessionId }: { sessionId: string }) {
  const { data } = useQuery(diffQuery(sessionId, {}));
  const showChanges = useShowChanges();
  if (!data || data.stat.files === 0) return null;
  return (
    <button type="button" onClick={() => showChanges()} className={PART}>
      <FileDiff aria-hidden className="size-3.5 shrink-0 text-subtle-foreground" />
      <span className="sr-only">Open changes:</span>
      <StatSummary stat={data.stat} />
    </button>
  );
}
