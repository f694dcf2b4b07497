import type { EventId } from '@saas-codex/contracts/event-ids';
import type { TerminalEventType } from '@saas-codex/contracts/events';
import type { KnownItem, UnknownItem } from '@saas-codex/contracts/items';
import type { Usage } from '@saas-codex/contracts/runs';
import type { Refusal } from '../environment/network-modes.js';

/**
 * What one run's event log looks like to a reader, folded:
 *
 *     run.started ─► prompt, startedAt
 *     item.*      ─► entries: one per item, in order of first appearance
 *     item.delta  ─► a draft entry, replaced by the next item.completed of its type; of a command: more output of its item
 *     network.refused ─► one entry for those in a row
 *     run.<end>   ─► end: how and why it ended; nothing changes after it
 */
export interface RunTimeline {
  /** Position of the last event that was folded; events at or before it are repeats. */
  readonly position: EventId;
  readonly prompt: string | null;
  readonly startedAt: string | null;
  readonly entries: readonly Entry[];
  readonly usage: Usage | null;
  readonly end: RunEnd | null;
}

export interface RunEnd {
  readonly status: RunEndStatus;
  /** A sentence for a person; null when it succeeded. */
  readonly reason: string | null;
  readonly at: string;
}

export type RunEndStatus = TerminalEventType extends `run.${infer S}` ? S : never;

export type Entry = ItemEntry | DraftEntry | NoticeEntry | RefusalsEntry;

/** An item of a type that we render specially, or of a type that we do not know. */
export interface ItemEntry {
  readonly kind: 'item';
  readonly key: string;
  readonly item: TimelineItem;
  readonly startedAt: string;
  /** null while it is being worked on. */
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

/** Something that Codex reported outside its items: an error that it may recover from. */
interface NoticeEntry {
  readonly kind: 'notice';
  readonly key: string;
  readonly message: string;
}

/** Connections that the run's network did not allow, with nothing shown between them. */
interface RefusalsEntry {
  readonly kind: 'refusals';
  readonly key: string;
  readonly refusals: readonly Refusal[];
}
