import type { Session } from '@saas-codex/contracts/sessions';
import { useVirtualizer } from '@tanstack/react-virtual';
import { SquareTerminal } from 'lucide-react';
import { use, useLayoutEffect, useRef, useState } from 'react';
import { EntryView } from '../../entities/timeline/items/entry-view.js';
import { StepButton } from '../../entities/timeline/items/step-row.js';
import type { Entry } from '../../entities/timeline/run-timeline.js';
import { type CommandGroup, workRows } from '../../entities/timeline/work-rows.js';
import { openedBelow, useDisclosures } from '../../shared/ui/disclosure.js';
import { RowPlace } from './row-place.js';

export interface EntryListProps {
  entries: readonly Entry[];
  runId: string;
  session: Session;
  live: boolean;
}

/** The height of a step, in pixels. Other rows are measured. */
const STEP_HEIGHT = 28;
/** Up to this number, all rows stay on the page, where the browser's search finds them. */
const ALL_ROWS = 60;

/**
 * The steps of a run. It scrolls with the conversation, and renders only what is in view:
 *
 *     conversation (scrolls) ─┬─ run           `RowPlace.start`
 *                             └─ run ─┬─ prompt
 *                                     └─ EntryList, `margin` below the start of the conversation
 */
export function EntryList({ entries, runId, session, live }: EntryListProps) {
  const { isOpen, setOpen } = useDisclosures();
  const rows = workRows(entries, {
    live,
    isOpen: (key) => isOpen(`${runId}/${key}`) ?? false,
    opened: openedBelow(`${runId}/`),
  });
  const { scroller } = use(RowPlace);
  const box = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  // After every render: the prompt above may have been opened, and the row may have moved.
  // oxlint-disable-next-line react-hooks/exhaustive-deps
  useLayoutEffect(() => {
    if (!box.current || !scroller.current) return;
    const top = box.current.getBoundingClientRect().top - scroller.current.getBoundingClientRect().top;
    setMargin(Math.round(top + scroller.current.scrollTop));
  });
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    getItemKey: (index) => rows[index]?.key ?? index,
    estimateSize: () => STEP_HEIGHT,
    overscan: rows.length <= ALL_ROWS ? rows.length : 10,
    scrollMargin: margin,
    // A list scrolls to its first offset when it appears, and this one appears while the conversation is at its end.
    initialOffset: () => scroller.current?.scrollTop ?? 0,
    // Earlier steps are added above without moving what the reader sees.
    anchorTo: 'end',
  });
  const toggle = ({ key, commands, open }: CommandGroup) => {
    setOpen(`${runId}/${key}`, !open);
    if (open) for (const command of commands) setOpen(`${runId}/${command.key}`, false);
  };
  return (
    <div ref={box} className="relative" style={{ height: list.getTotalSize() }}>
      {list.getVirtualItems().map(({ key, index, start }) => {
        const row = rows[index];
        return (
          <div
            key={key}
            ref={list.measureElement}
            data-index={index}
            className="absolute inset-x-0 top-0"
            style={{ transform: `translateY(${start - margin}px)` }}
          >
            {row?.kind === 'commands' && <GroupRow group={row} onToggle={() => toggle(row)} />}
            {row?.kind === 'entry' && (
              <div className={row.grouped ? 'pl-6.5' : undefined}>
                <EntryView entry={row.entry} runId={runId} session={session} live={live} />
              </div>
            )}
          </div>
        );
      })}
    </div>
  );
}

const GroupRow = ({ group, onToggle }: { group: CommandGroup; onToggle: () => void }) => (
  <StepButton
    icon={SquareTerminal}
    verb={`Ran ${group.commands.length.toLocaleString()} commands`}
    open={group.open}
    trigger={{ type: 'button', 'aria-expanded': group.open, onClick: onToggle }}
  />
);
