import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Check, ChevronDown, History, Layers, MessageSquare } from 'lucide-react';
import { runsQuery } from '../../entities/run/api/list-runs.js';
import { type ChangesTarget, useShowChanges } from '../../entities/session/changes-location.js';
import { Button } from '../../shared/ui/button.js';
import { DropdownMenu } from '../../shared/ui/menu.js';
import type { MenuActions } from '../../shared/ui/menu.js';

const RUNS_OFFERED = 12;
const LABEL_LENGTH = 48;
const SINCE_REVIEW = 'Since my last review';

interface ScopeMenuProps {
  session: Session;
  scope: ChangesTarget;
  /** There is a last review. */
  hasReview: boolean;
}

/** Chooses between all changes, those since the reader's last review, and those of one prompt. */
export function ScopeMenu({ session, scope: { run: runId, since }, hasReview }: ScopeMenuProps) {
  const { data } = useInfiniteQuery(runsQuery(session.session_id));
  const showChanges = useShowChanges();
  const runs = data?.pages.flatMap((page) => page.items) ?? [];
  const chosen = runs.find((run) => run.run_id === runId);
  const offered = runs.filter((run) => run === chosen || (run.diff?.files ?? 0) > 0).slice(0, RUNS_OFFERED);

  const actions: MenuActions = [
    { label: 'All changes', icon: runId || since ? Layers : Check, onSelect: () => showChanges() },
    ...(hasReview
      ? [
          {
            label: SINCE_REVIEW,
            icon: since ? Check : History,
            onSelect: () => showChanges({ since: 'review' }),
          },
        ]
      : []),
    ...(offered.length > 0 ? [null] : []),
    ...offered.map((run) => ({
      label: runLabel(run),
      icon: run === chosen ? Check : MessageSquare,
      onSelect: () => showChanges({ run: run.run_id }),
    })),
  ];
  return (
    <DropdownMenu actions={actions} align="start">
      <Button variant="ghost" className="max-w-44 min-w-0 px-2 font-medium text-foreground">
        <span className="truncate">
          {runId ? (chosen ? runLabel(chosen) : 'One prompt') : since ? SINCE_REVIEW : 'All changes'}
        </span>
        <ChevronDown aria-hidden className="size-3.5 shrink-0 text-subtle-foreground" />
      </Button>
    </DropdownMenu>
  );
}

const runLabel = (run: Run): string => (run.kind === 'setup' ? 'Setup' : shorten(run.prompt));

function shorten(prompt: string): string {
  const line = prompt.trim().replace(/\n[^]*/, '');
  return line.length > LABEL_LENGTH ? `${line.slice(0, LABEL_LENGTH).trimEnd()}…` : line;
}
