import type { ContextUsage } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { useInfiniteQuery } from '@tanstack/react-query';
import { runsQuery } from '../../entities/run/api/list-runs.js';
import { openSessionDialog } from '../../entities/session/session-dialog.js';
import { useCodexActions } from '../../entities/session/use-codex-actions.js';
import { useTimelineValue } from '../../entities/timeline/run-log.js';
import type { RunTimeline } from '../../entities/timeline/run-timeline.js';
import { cx } from '../../shared/lib/cx.js';
import { Tooltip } from '../../shared/ui/tooltip.js';

const liveContext = ({ context }: RunTimeline): ContextUsage | null => context;

/** How full the session's conversation is, as its latest run said; nothing where no engine does. */
export function ContextMeter({ session }: { session: Session }) {
  const { data } = useInfiniteQuery(runsQuery(session.session_id));
  const runs = data?.pages.flatMap(({ items }) => items) ?? [];
  const live = useTimelineValue(runs.find(({ status }) => status === 'running')?.run_id ?? null, liveContext);
  const { mayCompact } = useCodexActions();
  const context = live ?? runs.find((run) => run.context)?.context;
  if (!context) return null;
  return (
    <Meter
      context={context}
      onCompact={
        mayCompact && session.status === 'ready'
          ? () => openSessionDialog({ about: 'compact', session })
          : null
      }
    />
  );
}

const CIRCUMFERENCE = 2 * Math.PI * 6;
/** Percent. From then on there is little room. */
const HIGH = 80;

interface MeterProps {
  context: ContextUsage;
  /** null: it only shows. */
  onCompact: (() => void) | null;
}

export function Meter({ context: { used_tokens: used, window_tokens: window }, onCompact }: MeterProps) {
  const percent = Math.min(100, Math.round((used / window) * 100));
  const sentence = `${percent} % of the context in use`;
  return (
    <Tooltip
      label={
        <>
          {sentence}: {used.toLocaleString()} of {window.toLocaleString()} tokens
          {onCompact && '. Click to compact the conversation'}
        </>
      }
    >
      <button
        type="button"
        aria-label={`${sentence}: ${used.toLocaleString()} of ${window.toLocaleString()} tokens${onCompact ? '. Compact…' : ''}`}
        aria-disabled={onCompact === null}
        onClick={() => onCompact?.()}
        className={cx(
          'flex h-7 shrink-0 items-center gap-1.5 rounded-md px-1.5 text-xs tabular-nums pointer-coarse:h-11 pointer-coarse:min-w-11 pointer-coarse:justify-center',
          percent >= HIGH ? 'text-warning' : 'text-muted-foreground',
          onCompact ? 'hover:bg-hover' : 'cursor-default!',
        )}
      >
        <svg aria-hidden viewBox="0 0 16 16" className="size-4 -rotate-90 fill-none stroke-current stroke-2">
          <circle cx="8" cy="8" r="6" className="opacity-25" />
          <circle
            cx="8"
            cy="8"
            r="6"
            strokeDasharray={`${(CIRCUMFERENCE * percent) / 100} ${CIRCUMFERENCE}`}
          />
        </svg>
        <span aria-hidden className="max-sm:sr-only">
          {percent} %
        </span>
      </button>
    </Tooltip>
  );
}
