import type { KnownItem } from '@saas-codex/contracts/items';
import { type Run, RUN_TRANSITIONS } from '@saas-codex/contracts/runs';
import { lookUp } from '../../shared/lib/open-enums.js';
import type { Refusal } from '../environment/network-modes.js';
import type { ApprovalEntry, Entry, ItemEntry, RunTimeline } from './run-timeline.js';

/**
 * How far a run is, for its block in the conversation. The list of runs and the run's own log arrive separately and
 * either may be ahead; once the log has begun, it decides.
 *
 *     waiting  queued
 *     loading  ended, but its log is not here yet
 *     running  in progress, also while it waits for an answer
 *     ended    the log has its end
 *     unknown  a status of a newer server: the entries are shown, and the status by its own name
 */
export type RunPhase = 'waiting' | 'loading' | 'running' | 'ended' | 'unknown';

export function runPhase({ status }: Pick<Run, 'status'>, timeline: RunTimeline): RunPhase {
  if (timeline.end) return 'ended';
  if (!lookUp(RUN_TRANSITIONS, status)) return 'unknown';
  if (status === 'queued') return timeline.position.seq > 0 ? 'running' : 'waiting';
  return status === 'running' || status === 'waiting' ? 'running' : 'loading';
}

/** The text of an entry that is a message of the agent, whether it still grows or is complete. */
export function messageText(entry: Entry): string | null {
  if (entry.kind === 'draft') return entry.itemType === 'agent_message' ? entry.text : null;
  if (entry.kind !== 'item' || !entry.item.known) return null;
  return entry.item.value.type === 'agent_message' ? entry.item.value.text : null;
}

type Review = Extract<KnownItem, { type: 'review' }>;

/** What a review has found; null: the entry is none. */
export const reviewIn = (entry: Entry): Review | null =>
  entry.kind === 'item' && entry.item.known && entry.item.value.type === 'review' ? entry.item.value : null;

/** The last review of a run; null: there is none. */
export const reviewOf = ({ entries }: RunTimeline): Review | null =>
  entries.map(reviewIn).findLast((review) => review !== null) ?? null;

interface EndedEntries {
  readonly work: readonly Entry[];
  readonly answer: Entry | null;
  readonly refusals: readonly Refusal[];
}

/**
 * Splits an ended run into the work, which is folded away, and what stays visible: the answer, which is the closing
 * message or the review, and the refused connections, since a person may want to allow them.
 */
export function splitAnswer(all: readonly Entry[]): EndedEntries {
  const refusals = refusalsIn(all);
  const entries = all.filter((entry) => entry.kind !== 'refusals');
  const index = entries.findLastIndex((entry) => messageText(entry) !== null || reviewIn(entry) !== null);
  const afterwards = entries.slice(index + 1);
  if (index < 0 || !afterwards.every(mayFollowAnswer)) return { work: entries, answer: null, refusals };
  return { work: entries.toSpliced(index, 1), answer: entries[index] ?? null, refusals };
}

export const refusalsIn = (entries: readonly Entry[]): readonly Refusal[] =>
  entries.flatMap((entry) => (entry.kind === 'refusals' ? entry.refusals : []));

/** Codex may tick the last box of its plan after its last message. An unknown event says nothing about the answer. */
const mayFollowAnswer = (entry: Entry): boolean =>
  entry.kind === 'event' ||
  (entry.kind === 'item' && entry.item.known && entry.item.value.type === 'todo_list');

/** The questions that wait for an answer. */
export const openQuestions = ({ entries, end }: RunTimeline): readonly ApprovalEntry[] =>
  end ? [] : entries.filter((entry): entry is ApprovalEntry => entry.kind === 'approval' && !entry.resolved);

/** The last item that has begun and not ended. */
export const currentItem = ({ entries }: RunTimeline): ItemEntry | null =>
  entries.findLast((entry): entry is ItemEntry => entry.kind === 'item' && entry.completedAt === null) ??
  null;

type Command = Extract<KnownItem, { type: 'command_execution' }>;

/** The one command of a setup run: its script. */
export function commandOf({ entries }: RunTimeline): Command | null {
  for (const entry of entries) {
    if (entry.kind === 'item' && entry.item.known && entry.item.value.type === 'command_execution') {
      return entry.item.value;
    }
  }
  return null;
}

type Plan = Extract<KnownItem, { type: 'todo_list' }>['items'];

/** The agent's latest plan; null: it made none. */
export function planOf({ entries }: RunTimeline): Plan | null {
  const entry = entries.findLast(
    (each) => each.kind === 'item' && each.item.known && each.item.value.type === 'todo_list',
  );
  if (entry?.kind !== 'item' || !entry.item.known || entry.item.value.type !== 'todo_list') return null;
  return entry.item.value.items;
}

/** How long a run took, in milliseconds; null while its start or end is unknown. */
export function workedFor(run: Run, { startedAt, end }: RunTimeline): number | null {
  const from = startedAt ?? run.started_at;
  const to = end?.at ?? run.ended_at;
  return from && to ? Math.max(0, Date.parse(to) - Date.parse(from)) : null;
}

/** A path relative to the repository. Codex names files by their path in the clone's folder. */
export const repositoryPath = (path: string, repoPath: string): string =>
  path.startsWith(`${repoPath}/`) ? path.slice(repoPath.length + 1) : path.replace(/^\.\//, '');
