import { BEFORE_FIRST_EVENT, compareEventIds, type EventId } from '@saas-codex/contracts/event-ids';
import type { EventData, RunEvent, TerminalEventType, UnknownEvent } from '@saas-codex/contracts/events';
import { type Item, KnownItem } from '@saas-codex/contracts/items';
import type { Refusal } from '../environment/network-modes.js';
import type {
  DraftEntry,
  Entry,
  ItemEntry,
  RunEndStatus,
  RunTimeline,
  TimelineItem,
} from './run-timeline.js';

/** An event with its position in the log: a delta shares `seq` with the durable event before it. */
export interface LoggedEvent {
  readonly id: EventId;
  readonly event: RunEvent | UnknownEvent;
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
 * The one way from events to what the page shows. Pure: the same events give the same timeline, even if a reconnect
 * repeats some of them. Entries that an event does not touch keep their identity, so their rows do not render again.
 */
export function fold(state: RunTimeline, { id, event }: LoggedEvent): RunTimeline {
  if (state.end || compareEventIds(id, state.position) <= 0) return state;
  return { ...state, ...change(state, event, id), position: id };
}

type Change = Partial<RunTimeline>;

function change(state: RunTimeline, event: LoggedEvent['event'], id: EventId): Change {
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
    case 'unknown':
      return { entries: withUnknown(state.entries, event.raw, id) };
    default:
      return unhandled(event);
  }
}

/** Fails to compile when a type that the contracts know has no case above. */
const unhandled = (_event: never): Change => ({});

/** Short-lived events are not in the archive, so only durable ones get a row: it must look the same on replay. */
function withUnknown(entries: readonly Entry[], raw: UnknownEvent['raw'], id: EventId): readonly Entry[] {
  if (id.delta > 0) return entries;
  return [...entries, { kind: 'event', key: `event:${id.seq}`, ...raw }];
}

function ending(state: RunTimeline, event: Extract<RunEvent, { type: TerminalEventType }>): Change {
  const status = event.type.slice('run.'.length) as RunEndStatus;
  const reason = 'reason' in event.data ? event.data.reason : null;
  return {
    end: { status, reason, at: event.at },
    usage: event.data.usage ?? state.usage,
    entries: state.entries.filter(
      (entry) =>
        !(entry.kind === 'draft' && status === 'succeeded') &&
        // The end repeats it and says what to do.
        !(entry.kind === 'notice' && entry.message === reason),
    ),
  };
}

/**
 * Starts, updates or completes an item. A completed item removes the oldest draft of its type and may take its place.
 */
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

const isDraftType = (type: string): type is DraftEntry['itemType'] =>
  type === 'agent_message' || type === 'reasoning';

function withDelta(entries: readonly Entry[], delta: EventData<'item.delta'>): readonly Entry[] {
  const { item_type: itemType, stream_id: stream, text: added } = delta;
  if (itemType === 'command_execution') return withOutput(entries, `item:${stream}`, added);
  // The completed item shows what grew.
  if (!isDraftType(itemType)) return entries;
  const key = `draft:${stream}`;
  const index = entries.findIndex((entry) => entry.key === key);
  const previous = entries[index] as DraftEntry | undefined;
  const draft: DraftEntry = { kind: 'draft', key, itemType, text: (previous?.text ?? '') + added };
  return index >= 0 ? entries.with(index, draft) : [...entries, draft];
}

/** Characters kept from the end of output that still grows. The completed item brings the final output. */
const GROWING_OUTPUT = 64 * 1024;

/** Appends output to a running command. Deltas of a command that is missing or has ended are ignored. */
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

/** Keeps only half of the limit, from the start of a line, so that not every delta has to cut. */
function lastLines(output: string): string {
  const end = output.slice(-GROWING_OUTPUT / 2);
  return end.slice(end.indexOf('\n') + 1);
}

/**
 * Codex reports a failure twice (`error`, then `turn.failed`) and every retry again ("Attempt 2/5 failed …"). Of
 * consecutive notices only the last one is kept.
 */
function withNotice(entries: readonly Entry[], message: string, seq: number): readonly Entry[] {
  const last = entries.at(-1);
  if (last?.kind === 'notice') return [...entries.slice(0, -1), { ...last, message }];
  return [...entries, { kind: 'notice', key: `notice:${seq}`, message }];
}

/** An agent that is refused one host tries the next, so consecutive refusals form one entry. */
function withRefusal(entries: readonly Entry[], refusal: Refusal, seq: number): readonly Entry[] {
  const last = entries.at(-1);
  if (last?.kind === 'refusals') {
    return [...entries.slice(0, -1), { ...last, refusals: [...last.refusals, refusal] }];
  }
  return [...entries, { kind: 'refusals', key: `refusals:${seq}`, refusals: [refusal] }];
}
