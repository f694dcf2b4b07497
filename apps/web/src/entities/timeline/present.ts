import type { KnownItem } from '@saas-codex/contracts/items';
import type { Run } from '@saas-codex/contracts/runs';
import type { Refusal } from '../environment/network-modes.js';
import type { Entry, ItemEntry, RunTimeline } from './run-timeline.js';

/**
 * How far a run is, for its block in the conversation. The list of runs and the run's own log come by different
 * ways and either may be ahead; the log decides what is shown once it has begun.
 */
export type RunPhase = 'waiting' | 'loading' | 'running' | 'ended';

export function runPhase(run: Pick<Run, 'status'>, timeline: RunTimeline): RunPhase {
  if (timeline.end) return 'ended';
  if (run.status === 'queued') return timeline.position.seq > 0 ? 'running' : 'waiting';
  return run.status === 'running' ? 'running' : 'loading';
}

/** The text of an entry that is a message of the agent, growing or whole. */
export function messageText(entry: Entry): string | null {
  if (entry.kind === 'draft') return entry.itemType === 'agent_message' ? entry.text : null;
  if (entry.kind !== 'item' || !entry.item.known) return null;
  return entry.item.value.type === 'agent_message' ? entry.item.value.text : null;
}

interface EndedEntries {
  readonly work: readonly Entry[];
  readonly answer: Entry | null;
  readonly refusals: readonly Refusal[];
}

/**
 * Parts an ended run into the work, which is folded away, and what stays in sight: the answer, which is the message that
 * it closed with, and what the network refused, since a person may want to allow it.
 */
export function splitAnswer(all: readonly Entry[]): EndedEntries {
  const refusals = refusalsIn(all);
  const entries = all.filter((entry) => entry.kind !== 'refusals');
  const index = entries.findLastIndex((entry) => messageText(entry) !== null);
  const afterwards = entries.slice(index + 1);
  if (index < 0 || !afterwards.every(isPlan)) return { work: entries, answer: null, refusals };
  return { work: entries.toSpliced(index, 1), answer: entries[index] ?? null, refusals };
}

export const refusalsIn = (entries: readonly Entry[]): readonly Refusal[] =>
  entries.flatMap((entry) => (entry.kind === 'refusals' ? entry.refusals : []));

/** Codex may tick the last box of its plan after it has said its last word. */
const isPlan = (entry: Entry): boolean =>
  entry.kind === 'item' && entry.item.known && entry.item.value.type === 'todo_list';

/** What is being worked on right now: the last item that has begun and not ended. */
export const currentItem = ({ entries }: RunTimeline): ItemEntry | null =>
  entries.findLast((entry): entry is ItemEntry => entry.kind === 'item' && entry.completedAt === null) ??
  null;

type Command = Extract<KnownItem, { type: 'command_execution' }>;

/** The one command of a setup: its script. */
export function commandOf({ entries }: RunTimeline): Command | null {
  for (const entry of entries) {
    if (entry.kind === 'item' && entry.item.known && entry.item.value.type === 'command_execution') {
      return entry.item.value;
    }
  }
  return null;
}

/** Milliseconds that a run took; null while either end is unknown. */
export function workedFor(run: Run, { startedAt, end }: RunTimeline): number | null {
  const from = startedAt ?? run.started_at;
  const to = end?.at ?? run.ended_at;
  return from && to ? Math.max(0, Date.parse(to) - Date.parse(from)) : null;
}

/** A path as the repository knows it: Codex names files by where the clone lies. */
export const repositoryPath = (path: string, repoPath: string): string =>
  path.startsWith(`${repoPath}/`) ? path.slice(repoPath.length + 1) : path.replace(/^\.\//, '');
