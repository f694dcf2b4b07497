import { BEFORE_FIRST_EVENT, type EventId } from '@saas-codex/contracts/event-ids';
import type { ApprovalRequested, ApprovalResolved } from '@saas-codex/contracts/approval-questions';
import type { EventData, Stopped, TerminalEventType } from '@saas-codex/contracts/events';
import type { KnownItem, UnknownItem } from '@saas-codex/contracts/items';
import type { ContextUsage, Usage } from '@saas-codex/contracts/runs';
import type { Refusal } from '../environment/network-modes.js';

/**
 * The event log of one run, folded into what the page shows:
 *
 *     run.started ─► prompt, startedAt
 *     item.*      ─► entries: one per item, in order of first appearance
 *     item.delta  ─► a draft entry, replaced by its item.completed; for a command: its output
 *     steer.delivered ─► an entry: what a person said meanwhile
 *     network.refused ─► one entry for consecutive ones
 *     approval.*  ─► one entry per question
 *     unknown type ─► an entry that shows the event as it came
 *     limit.*     ─► limit: the one at which the run waits
 *     context.updated ─► context: how full the conversation is
 *     run.<end>   ─► end: how and why it ended; nothing changes after it
 *
 * `TimelineBuilder` makes it. While earlier pages of the log are missing, `prompt` and `startedAt` are null.
 */
export interface RunTimeline {
  /** Position of the last folded event; events at or before it are repeats. */
  readonly position: EventId;
  readonly prompt: string | null;
  readonly startedAt: string | null;
  readonly entries: readonly Entry[];
  readonly usage: Usage | null;
  readonly end: TimelineEnd | null;
  /** The limit at which the run waits now. */
  readonly limit: EventData<'limit.reached'> | null;
  /** How full the conversation is; null: not known. */
  readonly context: ContextUsage | null;
  /** The number of completed items that may have changed files. */
  readonly fileTouches: number;
}

export const EMPTY_TIMELINE: RunTimeline = {
  position: BEFORE_FIRST_EVENT,
  prompt: null,
  startedAt: null,
  entries: [],
  usage: null,
  end: null,
  limit: null,
  context: null,
  fileTouches: 0,
};

export interface TimelineEnd {
  readonly status: RunEndStatus;
  /** A sentence for a person; null when it succeeded. */
  readonly reason: string | null;
  /** null: nothing was stopped, or the runner did not say what. */
  readonly stopped: Stopped | null;
  readonly at: string;
}

export type RunEndStatus = TerminalEventType extends `run.${infer S}` ? S : never;

export type Entry =
  ItemEntry | DraftEntry | SteerEntry | NoticeEntry | RefusalsEntry | ApprovalEntry | UnknownEventEntry;

/** An item, of a type that this build renders in its own way or of one that it does not know. */
export interface ItemEntry {
  readonly kind: 'item';
  readonly key: string;
  readonly item: TimelineItem;
  readonly startedAt: string;
  /** null while it is in progress. */
  readonly completedAt: string | null;
}

export type TimelineItem = { readonly known: true; readonly value: KnownItem } | UnknownTimelineItem;
interface UnknownTimelineItem {
  readonly known: false;
  readonly value: UnknownItem;
}

/** Text that is still growing. */
export interface DraftEntry {
  readonly kind: 'draft';
  readonly key: string;
  readonly itemType: 'agent_message' | 'reasoning';
  readonly text: string;
}

/** A person's message to the run, where the agent has taken it in. */
export interface SteerEntry {
  readonly kind: 'steer';
  readonly key: string;
  readonly steerId: string;
  readonly prompt: string;
}

/** An error that Codex reported outside its items and may recover from. */
interface NoticeEntry {
  readonly kind: 'notice';
  readonly key: string;
  readonly message: string;
}

/** Consecutive connections that the run's network did not allow. */
interface RefusalsEntry {
  readonly kind: 'refusals';
  readonly key: string;
  readonly refusals: readonly Refusal[];
}

/** What the agent asked a person. */
export interface ApprovalEntry {
  readonly kind: 'approval';
  readonly key: string;
  readonly question: ApprovalRequested;
  /** null: it waits for an answer, or the run ended without one. */
  readonly resolved: ApprovalResolved | null;
}

/** An event of a type that this build does not know: a newer server wrote it. */
interface UnknownEventEntry {
  readonly kind: 'event';
  readonly key: string;
  readonly type: string;
  readonly data: unknown;
}
