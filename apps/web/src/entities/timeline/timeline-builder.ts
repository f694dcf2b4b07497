import { BEFORE_FIRST_EVENT, compareEventIds, type EventId } from '@saas-codex/contracts/event-ids';
import type { EventData, RunEvent, TerminalEventType, UnknownEvent } from '@saas-codex/contracts/events';
import { type Item, KnownItem } from '@saas-codex/contracts/items';
import type { ContextUsage, Usage } from '@saas-codex/contracts/runs';
import type { Refusal } from '../environment/network-modes.js';
import type {
  ApprovalEntry,
  DraftEntry,
  Entry,
  ItemEntry,
  RunEndStatus,
  RunTimeline,
  TimelineEnd,
  TimelineItem,
} from './run-timeline.js';

/** An event with its position in the log: a delta shares `seq` with the durable event before it. */
export interface LoggedEvent {
  readonly id: EventId;
  readonly event: RunEvent | UnknownEvent;
}

/**
 * The one way from events to what the page shows. The same events give the same timeline, even if a reconnect repeats
 * some of them, and in whatever pages they come:
 *
 *     prepend(page) … prepend(last page) │ add(event) add(event) … ─► snapshot(), at most once a frame
 *
 * An event costs the same however long the run is: entries are found by key and replaced in place. Only a snapshot
 * makes the next change copy the list (pointers: 10 µs at 5,000 entries). Entries that an event does not touch keep
 * their identity, so their rows do not render again.
 */
export class TimelineBuilder {
  /** Of the last event; events at or before it are repeats. */
  position: EventId = BEFORE_FIRST_EVENT;
  private prompt: string | null = null;
  private startedAt: string | null = null;
  private usage: Usage | null = null;
  private end: TimelineEnd | null = null;
  /** undefined: none of the events so far says anything about it. */
  private limit: EventData<'limit.reached'> | null | undefined;
  private context: ContextUsage | null = null;
  private fileTouches = 0;
  private entries: Entry[] = [];
  /** Where each entry is in `entries`. */
  private places = new Map<string, number>();
  /** The drafts among the entries, oldest first. */
  private drafts: Pick<DraftEntry, 'key' | 'itemType'>[] = [];
  /** A snapshot has the list, so it must not change. */
  private shared = false;

  snapshot(): RunTimeline {
    this.shared = true;
    const { position, prompt, startedAt, usage, end, limit = null, context, fileTouches } = this;
    const entries = this.shownEntries();
    return { position, prompt, startedAt, entries, usage, end, limit, context, fileTouches };
  }

  /** @returns false if the event is a repeat, or comes after the end */
  add({ id, event }: LoggedEvent): boolean {
    if (this.end || compareEventIds(id, this.position) <= 0) return false;
    this.position = id;
    this.change(event, id);
    return true;
  }

  /** Puts earlier events before all others. They are durable ones, in order. */
  prepend(events: readonly LoggedEvent[]): void {
    const earlier = new TimelineBuilder();
    for (const event of events) earlier.add(event);
    this.prompt = earlier.prompt ?? this.prompt;
    this.startedAt = earlier.startedAt ?? this.startedAt;
    this.usage ??= earlier.usage;
    this.context ??= earlier.context;
    this.end ??= earlier.end;
    if (this.limit === undefined) this.limit = earlier.limit;
    if (compareEventIds(earlier.position, this.position) > 0) this.position = earlier.position;
    this.fileTouches += earlier.fileTouches;
    this.replaceAll(joined(earlier.entries, this.entries));
  }

  private change(event: LoggedEvent['event'], id: EventId): void {
    switch (event.type) {
      case 'run.started':
        this.prompt = event.data.prompt;
        this.startedAt = event.at;
        return;
      case 'run.succeeded':
      case 'run.failed':
      case 'run.cancelled':
      case 'run.interrupted':
        return this.endWith(event);
      case 'item.started':
      case 'item.updated':
        return this.putItem(event.data.item, event.at, null);
      case 'item.completed':
        if (mayTouchFiles(event.data.item)) this.fileTouches += 1;
        return this.putItem(event.data.item, event.at, event.at);
      case 'item.delta':
        return this.addDelta(event.data);
      case 'usage.updated':
      case 'turn.completed':
        this.usage = event.data.usage;
        return;
      case 'context.updated':
        this.context = event.data;
        return;
      case 'turn.failed':
        return this.addJoined({
          kind: 'notice',
          key: `notice:${event.seq}`,
          message: event.data.error.message,
        });
      case 'error':
        return this.addJoined({ kind: 'notice', key: `notice:${event.seq}`, message: event.data.message });
      case 'network.refused':
        return this.addJoined({ kind: 'refusals', key: `refusals:${event.seq}`, refusals: [event.data] });
      case 'steer.delivered': {
        const { steer_id: steerId, prompt } = event.data;
        return this.put({ kind: 'steer', key: `steer:${steerId}`, steerId, prompt });
      }
      case 'limit.reached':
        this.limit = event.data;
        return;
      case 'limit.lifted':
        this.limit = null;
        return;
      case 'approval.requested':
      case 'approval.resolved':
        return this.putApproval(event);
      case 'thread.started':
      case 'turn.started':
      case 'checkpoint.created':
        return;
      case 'unknown':
        // Short-lived events are not in the archive, so only durable ones get a row: it must look the same on replay.
        if (id.delta === 0) this.put({ kind: 'event', key: `event:${id.seq}`, ...event.raw });
        return;
      default:
        return unhandled(event);
    }
  }

  private endWith(event: Extract<RunEvent, { type: TerminalEventType }>): void {
    const status = event.type.slice('run.'.length) as RunEndStatus;
    const { reason = null, stopped = null } = event.type === 'run.succeeded' ? {} : event.data;
    this.end = { status, reason, stopped, at: event.at };
    this.usage = event.data.usage ?? this.usage;
    if (status === 'succeeded') this.replaceAll(this.entries.filter(({ kind }) => kind !== 'draft'));
  }

  /** Without a notice that the end repeats. */
  private shownEntries(): readonly Entry[] {
    const reason = this.end?.reason;
    if (!reason) return this.entries;
    return this.entries.filter((entry) => entry.kind !== 'notice' || entry.message !== reason);
  }

  /** Starts, updates or completes an item. A completed one takes the place of its draft. */
  private putItem(raw: Item, at: string, completedAt: string | null): void {
    const key = `item:${raw.id}`;
    const previous = this.entry(key) as ItemEntry | undefined;
    const entry: ItemEntry = {
      kind: 'item',
      key,
      item: recognise(raw),
      startedAt: previous?.startedAt ?? at,
      completedAt: completedAt ?? previous?.completedAt ?? null,
    };
    const replaced = completedAt === null ? [] : this.takeDrafts(raw);
    this.put(entry, previous ? key : (replaced.at(-1) ?? key));
    const left = replaced.filter((draft) => this.places.has(draft));
    if (left.length > 0) this.replaceAll(this.entries.filter((one) => !left.includes(one.key)));
  }

  /**
   * The drafts that a completed item replaces, oldest first: its own and those of its type before it, of which the model was
   * asked again. Runners of earlier versions did not name a draft after its item: then it is the oldest.
   */
  private takeDrafts({ id, type }: Item): string[] {
    const drafts = this.drafts.filter(({ itemType }) => itemType === type).map(({ key }) => key);
    const own = drafts.indexOf(draftKey(id));
    const replaced = drafts.slice(0, own < 0 ? 1 : own + 1);
    this.drafts = this.drafts.filter(({ key }) => !replaced.includes(key));
    return replaced;
  }

  /** An answer in a later part of the log than its question finds it when that part comes. */
  private putApproval(event: ApprovalEvent): void {
    const key = `approval:${event.data.approval_id}`;
    const previous = this.entry(key) as ApprovalEntry | undefined;
    if (event.type === 'approval.requested')
      return this.put({ kind: 'approval', key, question: event.data, resolved: previous?.resolved ?? null });
    const question = previous?.question ?? questionOf(event.data);
    this.put({ kind: 'approval', key, question, resolved: event.data });
  }

  private addDelta({ item_type: itemType, stream_id: stream, text: added }: EventData<'item.delta'>): void {
    if (itemType === 'command_execution') return this.addOutput(`item:${stream}`, added);
    // The completed item shows what grew.
    if (!isDraftType(itemType)) return;
    const key = draftKey(stream);
    const previous = this.entry(key) as DraftEntry | undefined;
    if (!previous) this.drafts.push({ key, itemType });
    this.put({ kind: 'draft', key, itemType, text: (previous?.text ?? '') + added });
  }

  /** Appends output to a running command. Deltas of a command that is missing or has ended are ignored. */
  private addOutput(key: string, added: string): void {
    const entry = this.entry(key);
    if (entry?.kind !== 'item' || entry.completedAt !== null || !entry.item.known) return;
    const { value } = entry.item;
    if (value.type !== 'command_execution') return;
    const output = value.aggregated_output + added;
    const kept = output.length > GROWING_OUTPUT ? lastLines(output) : output;
    this.put({ ...entry, item: { known: true, value: { ...value, aggregated_output: kept } } });
  }

  /** Adds an entry that forms one with an entry of its kind just before it. */
  private addJoined(entry: Entry): void {
    const last = this.entries.at(-1);
    const both = last && joinedEntry(last, entry);
    this.put(both ?? entry);
  }

  private entry(key: string): Entry | undefined {
    const place = this.places.get(key);
    return place === undefined ? undefined : this.entries[place];
  }

  /** Adds an entry, or replaces the one of the key `at`, which is its own key if it has been there before. */
  private put(entry: Entry, at = entry.key): void {
    if (this.shared) {
      this.entries = this.entries.slice();
      this.shared = false;
    }
    const place = this.places.get(at) ?? this.entries.length;
    this.entries[place] = entry;
    if (at !== entry.key) this.places.delete(at);
    this.places.set(entry.key, place);
  }

  private replaceAll(entries: Entry[]): void {
    this.entries = entries;
    this.shared = false;
    this.places = new Map(entries.map(({ key }, index) => [key, index]));
  }
}

type ApprovalEvent = Extract<RunEvent, { type: 'approval.requested' | 'approval.resolved' }>;

/** Its question is in an earlier part of the log, which is not here yet. */
const questionOf = ({
  approval_id,
  request_id,
}: EventData<'approval.resolved'>): ApprovalEntry['question'] => ({
  approval_id,
  request_id,
  kind: 'command',
  item_id: '',
  command: null,
  reason: null,
  decisions: [],
});

/** Fails to compile when a type that the contracts know has no case above. */
const unhandled = (_event: never): void => {};

/** A command may write anything. */
const mayTouchFiles = ({ type }: Item): boolean => type === 'file_change' || type === 'command_execution';

function recognise(raw: Item): TimelineItem {
  const parsed = KnownItem.safeParse(raw);
  return parsed.success ? { known: true, value: parsed.data } : { known: false, value: raw };
}

const draftKey = (stream: string) => `draft:${stream}`;

const isDraftType = (type: string): type is DraftEntry['itemType'] =>
  type === 'agent_message' || type === 'reasoning';

/** Characters kept from the end of output that still grows. The completed item brings the final output. */
const GROWING_OUTPUT = 64 * 1024;

/** Keeps only half of the limit, from the start of a line, so that not every delta has to cut. */
function lastLines(output: string): string {
  const end = output.slice(-GROWING_OUTPUT / 2);
  return end.slice(end.indexOf('\n') + 1);
}

/** The entries of two neighbouring parts of a log. An item that is in both stands where it began. */
function joined(earlier: readonly Entry[], later: readonly Entry[]): Entry[] {
  const inLater = new Map(later.map((entry) => [entry.key, entry]));
  const before = earlier.map((entry) => {
    const newer = inLater.get(entry.key);
    if (entry.kind === 'approval' && newer?.kind === 'approval') {
      inLater.delete(entry.key);
      return { ...newer, question: entry.question };
    }
    if (entry.kind !== 'item' || newer?.kind !== 'item') return entry;
    inLater.delete(entry.key);
    return { ...newer, startedAt: entry.startedAt };
  });
  const after = later.filter((entry) => inLater.has(entry.key));
  const [last, first] = [before.at(-1), after[0]];
  const both = last && first && joinedEntry(last, first);
  return both ? [...before.slice(0, -1), both, ...after.slice(1)] : [...before, ...after];
}

/**
 * One entry for two neighbours, or null if each stands for itself. Codex reports a failure twice (`error`, then
 * `turn.failed`) and every retry again ("Attempt 2/5 failed …"): the last notice counts. An agent that is refused one
 * host tries the next.
 */
function joinedEntry(first: Entry, second: Entry): Entry | null {
  if (first.kind === 'notice' && second.kind === 'notice') return { ...first, message: second.message };
  if (first.kind !== 'refusals' || second.kind !== 'refusals') return null;
  const refusals: readonly Refusal[] = [...first.refusals, ...second.refusals];
  return { ...first, refusals };
}
