import type { PromptImage } from '@saas-codex/contracts/images';
import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { useVirtualizer, type VirtualItem, type Virtualizer } from '@tanstack/react-virtual';
import { ArrowDown } from 'lucide-react';
import {
  type ContextType,
  type MouseEvent,
  type RefObject,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { PromptBubble } from '../../entities/run/prompt-bubble.js';
import type { RunPeople } from '../../entities/run/run-people.js';
import { Button } from '../../shared/ui/button.js';
import { later } from '../../shared/ui/later.js';
import { RowPlace } from './row-place.js';
import { RunBlock } from './run-block.js';
import { RunningLine } from './running-line.js';

/** As high as the folded card. */
const SetupLoading = () => (
  <div className="mb-7 h-10.5 rounded-xl border bg-card shadow-xs pointer-coarse:h-11.5" />
);
/** Few sessions have a setup. */
const SetupBlock = later(async () => (await import('./setup-block.js')).SetupBlock, SetupLoading);
/** As high as its first line. */
const EditLoading = () => <div className="mb-7 h-8" />;
/** Few sessions have any. */
const EditBlock = later(async () => (await import('./edit-block.js')).EditBlock, EditLoading);
/** Few sessions have any, and it is as high. */
const ProposalBlock = later(async () => (await import('./proposal-block.js')).ProposalBlock, EditLoading);
const RewoundLoading = () => <div className="mb-7 h-8 border-b border-dashed pointer-coarse:h-11" />;
/** Few sessions go back. */
const RewoundRuns = later(async () => (await import('./rewound-runs.js')).RewoundRuns, RewoundLoading);

export type ConversationRow =
  | ({ readonly kind: 'run'; readonly key: string; readonly run: Run } & RunPeople)
  | { readonly kind: 'rewound'; readonly key: string; readonly runs: readonly Run[] }
  | {
      readonly kind: 'sending';
      readonly key: string;
      readonly prompt: string;
      readonly images: readonly PromptImage[];
    };

interface ConversationListProps {
  rows: readonly ConversationRow[];
  session: Session;
  /** Loads earlier runs; null: there are none. */
  loadEarlier: (() => void) | null;
  loadingEarlier: boolean;
}

/** Within this distance from the end, in pixels, the list follows new output. */
const AT_END = 80;
/** Up to this number, all runs stay on the page, where the browser's search finds them. */
const ALL_ROWS = 40;
/** The number of runs beyond the view whose events are loaded, so that scrolling shows no gaps. */
const NEAR = 3;
const HOLD_MS = 300;

/**
 * The conversation as a list anchored at its end: it follows new output only while the reader is at the end, and keeps
 * its place when earlier runs are added above. When a row is opened or closed, the list lets go of its end for a
 * moment, so that the row stays under the pointer.
 */
export function ConversationList({ rows, session, loadEarlier, loadingEarlier }: ConversationListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const { held, holdOnDisclosure } = useHold();
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    getItemKey: (index) => rows[index]?.key ?? index,
    estimateSize: () => 320,
    overscan: rows.length <= ALL_ROWS ? rows.length : 4,
    paddingStart: loadEarlier ? 64 : 24,
    anchorTo: held ? 'start' : 'end',
    followOnAppend: true,
    scrollEndThreshold: AT_END,
  });
  useLayoutEffect(() => {
    list.shouldAdjustScrollPositionOnItemSizeChange = isAboveView;
    list.scrollToEnd();
  }, [list]);
  useScrollToSent(rows, list);
  useStayAtEnd(scroller, list);

  const readerAtEnd = useCallback(() => list.isAtEnd(AT_END), [list]);
  const { startIndex = 0, endIndex = 0 } = list.range ?? {};
  return (
    <>
      <div
        ref={scroller}
        onClickCapture={holdOnDisclosure}
        role="region"
        aria-label="Conversation"
        tabIndex={0}
        className="min-h-0 flex-1 overflow-y-auto overscroll-contain -outline-offset-2 [overflow-anchor:none] [scrollbar-gutter:stable_both-edges]"
      >
        <div className="relative mx-auto max-w-3xl" style={{ height: list.getTotalSize() }}>
          {loadEarlier && (
            <div className="flex justify-center pt-4">
              <Button size="sm" variant="ghost" busy={loadingEarlier} onClick={loadEarlier}>
                Load earlier prompts
              </Button>
            </div>
          )}
          {list.getVirtualItems().map(({ key, index, start }) => (
            <div
              key={key}
              ref={list.measureElement}
              data-index={index}
              className="absolute inset-x-0 top-0 px-4"
              style={{ transform: `translateY(${start}px)` }}
            >
              <PlacedRow
                row={rows[index]}
                session={session}
                near={index >= startIndex - NEAR && index <= endIndex + NEAR}
                latest={index === rows.length - 1}
                scroller={scroller}
                start={start}
                readerAtEnd={readerAtEnd}
              />
            </div>
          ))}
        </div>
      </div>
      <div
        aria-hidden
        className="pointer-events-none absolute inset-x-0 bottom-0 h-6 bg-linear-to-t from-background to-transparent"
      />
      {!list.isAtEnd(AT_END) && <JumpToLatest onClick={() => list.scrollToEnd({ behavior: 'smooth' })} />}
    </>
  );
}

interface RowProps extends Pick<ConversationListProps, 'session'> {
  row: ConversationRow | undefined;
  near: boolean;
  latest: boolean;
}

function PlacedRow({ scroller, start, readerAtEnd, ...row }: RowProps & ContextType<typeof RowPlace>) {
  const place = useMemo(() => ({ scroller, start, readerAtEnd }), [scroller, start, readerAtEnd]);
  return (
    <RowPlace value={place}>
      <Row {...row} />
    </RowPlace>
  );
}

function Row({ row, session, near, latest }: RowProps) {
  switch (row?.kind) {
    case 'run':
      if (row.run.kind === 'edit') return <EditBlock run={row.run} session={session} />;
      if (row.run.kind === 'proposal') return <ProposalBlock run={row.run} />;
      return row.run.kind === 'setup' ? (
        <SetupBlock run={row.run} session={session} near={near} latest={latest} />
      ) : (
        <RunBlock
          run={row.run}
          author={row.author}
          stoppedBy={row.stoppedBy}
          session={session}
          near={near}
          latest={latest}
        />
      );
    case 'rewound':
      return <RewoundRuns runs={row.runs} />;
    case 'sending':
      return (
        <div className="pb-7">
          <PromptBubble
            id={row.key}
            sessionId={session.session_id}
            prompt={row.prompt}
            images={row.images}
            sending
          />
          <div className="pt-3.5">
            <RunningLine label="Sending" since={null} />
          </div>
        </div>
      );
    case undefined:
      return null;
  }
}

const JumpToLatest = ({ onClick }: { onClick: () => void }) => (
  <div className="pointer-events-none absolute inset-x-0 bottom-3 flex justify-center">
    <Button
      size="sm"
      onClick={onClick}
      className="pointer-events-auto animate-pop-in rounded-full shadow-popover"
    >
      <ArrowDown aria-hidden className="size-3.5" />
      Jump to latest
    </Button>
  </div>
);

/**
 * When a run above the view grows because its events have loaded, the view moves along. The library's own rule does not
 * do that while scrolling up, which is exactly when it happens here.
 */
function isAboveView(item: VirtualItem, _delta: number, list: List): boolean {
  const offset = list.scrollOffset ?? 0;
  return list.itemSizeCache.has(item.key) ? item.end <= offset : item.start < offset;
}

type List = Pick<Virtualizer<HTMLDivElement, Element>, 'scrollToEnd' | 'scrollOffset' | 'itemSizeCache'>;

/** True for a moment after something was opened or closed in the list. */
function useHold() {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (!held) return;
    const timer = setTimeout(() => setHeld(false), HOLD_MS);
    return () => clearTimeout(timer);
  }, [held]);
  const holdOnDisclosure = (event: MouseEvent) => {
    if (event.target instanceof Element && event.target.closest('[aria-expanded]')) setHeld(true);
  };
  return { held, holdOnDisclosure };
}

/** When the view shrinks because the composer below it grows, a reader at the end stays there. */
function useStayAtEnd(scroller: RefObject<HTMLDivElement | null>, list: List): void {
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    let height = element.clientHeight;
    const observer = new ResizeObserver(() => {
      const lost = height - element.clientHeight;
      height = element.clientHeight;
      const belowView = element.scrollHeight - element.scrollTop - height;
      if (lost > 0 && belowView - lost <= AT_END) list.scrollToEnd();
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [scroller, list]);
}

/** Scrolls to a prompt when it is sent. */
function useScrollToSent(rows: readonly ConversationRow[], list: List): void {
  const last = rows.at(-1);
  const sending = last?.kind === 'sending' ? last.key : null;
  useLayoutEffect(() => {
    if (sending !== null) list.scrollToEnd();
  }, [sending, list]);
}
