import { BEFORE_FIRST_EVENT, compareEventIds, type EventId } from '@saas-codex/contracts/event-ids';
import { type EventData, type RunEvent, type TerminalEventType } from '@saas-codex/contracts/events';
import { KnownItem, type Item } from '@saas-codex/contracts/items';
import type {
  DraftEntry,
  Entry,
  ItemEntry,
  Refusal,
  RunEndStatus,
  RunTimeline,
  TimelineItem,
} from './run-timeline.js';

/** An event with its place in the log: a delta shares `seq` with the durable event before it. */
export interface LoggedEvent {
  readonly id: EventId;
  readonly event: RunEvent;
}

export const EMPTY_TIMELINE: RunTimeline = {
  position: BEFORE_FIRST_EVENT,
  prompt: null,
  startedAt: null,
  entries: [],
  usage: null,
  end: null,
};

/**
 * The one way from events to what is shown. Pure: the same events give the same timeline, however often a
 * reconnect repeats some of them. Untouched entries keep their identity, so that their rows do not render again.
 */
export function fold(state: RunTimeline, { id, event }: LoggedEvent): RunTimeline {
  if (state.end || compareEventIds(id, state.position) <= 0) return state;
  return { ...state, ...change(state, event), position: id };
}

type Change = Partial<RunTimeline>;

function change(state: RunTimeline, event: RunEvent): Change {
  switch (event.type) {
    case 'run.started':
      return { prompt: event.data.prompt, startedAt: event.at };
    case 'run.succeeded':
    case 'run.failed':
    case 'run.cancelled':
    case 'run.interrupted':
      return ending(state, event);
    case 'item.started':
    case 'item.updated':
      return { entries: withItem(state.entries, event.data.item, event.at, null) };
    case 'item.completed':
      return { entries: withItem(state.entries, event.data.item, event.at, event.at) };
    case 'item.delta':
      return { entries: withDelta(state.entries, event.data) };
    case 'usage.updated':
    case 'turn.completed':
      return { usage: event.data.usage };
    case 'turn.failed':
      return { entries: withNotice(state.entries, event.data.error.message, event.seq) };
    case 'error':
      return { entries: withNotice(state.entries, event.data.message, event.seq) };
    case 'network.refused':
      return { entries: withRefusal(state.entries, event.data, event.seq) };
    case 'thread.started':
    case 'turn.started':
    case 'checkpoint.created':
      return {};
    default:
      return unknownEvent(event);
  }
}

/** A newer server may send types that this build does not know; a type that it does know must have its case. */
const unknownEvent = (_event: never): Change => ({});

function ending(state: RunTimeline, event: Extract<RunEvent, { type: TerminalEventType }>): Change {
  const status = event.type.slice('run.'.length) as RunEndStatus;
  const reason = 'reason' in event.data ? event.data.reason : null;
  return {
    end: { status, reason, at: event.at },
    usage: event.data.usage ?? state.usage,
    entries: state.entries.filter(
      (entry) =>
        !(entry.kind === 'draft' && status === 'succeeded') &&
        // The end says it too, and what to do about it.
        !(entry.kind === 'notice' && entry.message === reason),
    ),
  };
}

/** Starts, updates or completes an item; completing one removes the oldest draft of its type and may take its place. */
function withItem(
  entries: readonly Entry[],
  raw: Item,
  at: string,
  completedAt: string | null,
): readonly Entry[] {
  const key = `item:${raw.id}`;
  const index = entries.findIndex((entry) => entry.key === key);
  const previous = entries[index] as ItemEntry | undefined;
  const entry: ItemEntry = {
    kind: 'item',
    key,
    item: recognise(raw),
    startedAt: previous?.startedAt ?? at,
    completedAt: completedAt ?? previous?.completedAt ?? null,
  };
  const draft =
    completedAt === null ? -1 : entries.findIndex((e) => e.kind === 'draft' && e.itemType === raw.type);
  if (index >= 0) return entries.with(index, entry).filter((_, i) => i !== draft);
  if (draft >= 0) return entries.with(draft, entry);
  return [...entries, entry];
}

function recognise(raw: Item): TimelineItem {
  const parsed = KnownItem.safeParse(raw);
  return parsed.success ? { known: true, value: parsed.data } : { known: false, value: raw };
}

const DRAFT_TYPES: readonly DraftEntry['itemType'][] = ['agent_message', 'reasoning'];

function withDelta(entries: readonly Entry[], delta: EventData<'item.delta'>): readonly Entry[] {
  const { item_type: type, stream_id: stream, text: added } = delta;
  if (type === 'command_execution') return withOutput(entries, `item:${stream}`, added);
  const itemType = DRAFT_TYPES.find((known) => known === type);
  if (!itemType) return entries;
  const key = `draft:${stream}`;
  const index = entries.findIndex((entry) => entry.key === key);
  const previous = entries[index] as DraftEntry | undefined;
  const draft: DraftEntry = { kind: 'draft', key, itemType, text: (previous?.text ?? '') + added };
  return index >= 0 ? entries.with(index, draft) : [...entries, draft];
}

/** Of output that still grows, this much of its end is kept; the completed item brings what there is to keep. */
const GROWING_OUTPUT = 64 * 1024;

/** A command that has not ended says more; deltas of one that is not there, or has ended, are old news. */
function withOutput(entries: readonly Entry[], key: string, added: string): readonly Entry[] {
  const index = entries.findIndex((entry) => entry.key === key);
  const entry = entries[index];
  if (entry?.kind !== 'item' || entry.completedAt !== null || !entry.item.known) return entries;
  const { value } = entry.item;
  if (value.type !== 'command_execution') return entries;
  const output = value.aggregated_output + added;
  const kept = output.length > GROWING_OUTPUT ? lastLines(output) : output;
  return entries.with(index, {
    ...entry,
    item: { known: true, value: { ...value, aggregated_output: kept } },
  });
}

/** The second half of what may be kept, from the beginning of a line, so that not every delta has to cut. */
function lastLines(output: string): string {
  const end = output.slice(-GROWING_OUTPUT / 2);
  return end.slice(end.indexOf('\n') + 1);
}

/**
 * Codex tells a failure twice (`error`, then `turn.failed`) and each attempt to get over it anew ("Attempt 2/5 failed
 * …"): of notices in a row, the last one counts.
 */
function withNotice(entries: readonly Entry[], message: string, seq: number): readonly Entry[] {
  const last = entries.at(-1);
  if (last?.kind === 'notice') return [...entries.slice(0, -1), { ...last, message }];
  return [...entries, { kind: 'notice', key: `notice:${seq}`, message }];
}

/** An agent that is refused one host tries the next: those in a row stand together. */
function withRefusal(entries: readonly Entry[], refusal: Refusal, seq: number): readonly Entry[] {
  const last = entries.at(-1);
  if (last?.kind === 'refusals') {
    return [...entries.slice(0, -1), { ...last, refusals: [...last.refusals, refusal] }];
  }
  return [...entries, { kind: 'refusals', key: `refusals:${seq}`, refusals: [refusal] }];
}
