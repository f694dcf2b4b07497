import { BEFORE_FIRST_EVENT, type EventId, toWireId } from '@saas-codex/contracts/event-ids';
import type { RunHistoryQuery } from '@saas-codex/contracts/run-history';
import type { StreamEntry } from '../redis-stream/stream-entry.js';
import { growingTexts } from './growing-texts.js';
import type { RunLogReader } from './run-log.reader.js';

/*
 * Pages of a run's log from its end (libs/contracts, run-history). The log is read forwards, in blocks from the end, until the
 * page is full:
 *
 *     1 … 300 | 301 … 400 | 401 … 500
 *             ◄─ block 2 ── block 1 ─┤ end of the log, or `before`
 */

const BLOCK_EVENTS = 100;
const ENTRIES_AT_ONCE = 500;
/** Size of a page, except that it has at least one event. A block is that much larger at most, until it is cut. */
const PAGE_BYTES = 4 * 1024 * 1024;
/** The largest number that an id can have. */
const AFTER_ALL_DELTAS = 999_999_999_999_999;
/** A text may have begun to grow so many events before the end of the log. */
const GROWING_EVENTS = 200;

export interface RunHistoryPage {
  /** The answer. The events in it are as their writers made them. */
  json: string;
  /** The answer can never change: the run has ended. */
  isFinal: boolean;
}

export async function readRunHistory(
  log: RunLogReader,
  { before, limit }: RunHistoryQuery,
): Promise<RunHistoryPage> {
  const end = await log.readEnd();
  const isNewest = before === undefined || before > end.id.seq;
  const to = isNewest ? end.id.seq : before - 1;
  const wanted = isNewest && !end.ended ? Math.max(limit, GROWING_EVENTS) : limit;
  const { entries, from, hasGap, ...back } = await readBack(log, to, wanted);
  const ended = end.ended || back.ended;
  const events = fitting(entries.filter(({ id }) => id.delta === 0).slice(-limit));
  const first = events[0]?.id.seq ?? from;
  const growing = isNewest && !ended ? growingTexts(entries) : [];
  // After the deltas that are in `growing`. What has come since then follows it.
  const last = (isNewest ? entries : events).at(-1)?.id ?? BEFORE_FIRST_EVENT;
  const json =
    `{"events":[${events.map(({ event }) => event.toString('utf8')).join(',')}],` +
    `"growing":${JSON.stringify(growing)},"before":${first > 1 ? first : null},` +
    `"last_event_id":"${toWireId(last)}","ended":${ended}}`;
  return { json, isFinal: ended && !hasGap };
}

interface Block {
  entries: StreamEntry[];
  ended: boolean;
  hasGap: boolean;
}

/** Reads `wanted` events up to number `to`, with their deltas; fewer when they are large. @returns also the first number asked for */
async function readBack(log: RunLogReader, to: number, wanted: number): Promise<Block & { from: number }> {
  const blocks: Block[] = [];
  let from = to + 1;
  let bytes = 0;
  while (from > Math.max(1, to - wanted + 1) && bytes < PAGE_BYTES) {
    const start = Math.max(1, to - wanted + 1, from - BLOCK_EVENTS);
    const block = await readBlock(log, start, from - 1);
    blocks.unshift(block);
    bytes += sizeOf(block.entries);
    from = start;
  }
  return {
    from,
    entries: blocks.flatMap(({ entries }) => entries),
    ended: blocks.some(({ ended }) => ended),
    hasGap: blocks.some(({ hasGap }) => hasGap),
  };
}

async function readBlock(log: RunLogReader, first: number, last: number): Promise<Block> {
  const block: Block = { entries: [], ended: false, hasGap: false };
  let after: EventId = { seq: first - 1, delta: AFTER_ALL_DELTAS };
  for (;;) {
    const part = await log.readAfter(after, ENTRIES_AT_ONCE);
    const within = part.entries.filter(({ id }) => id.seq <= last);
    block.entries.push(...within);
    block.hasGap ||= part.isAfterGap;
    const isWhole = within.length === part.entries.length;
    block.ended ||= part.ended && isWhole;
    if (part.ended || !isWhole || within.length === 0) return block;
    after = within.at(-1)?.id ?? after;
  }
}

/** The last events of these that fit into a page; at least one. */
function fitting(events: StreamEntry[]): StreamEntry[] {
  let bytes = 0;
  const tooMany = events.findLastIndex(({ event }, index) => {
    bytes += event.length;
    return bytes > PAGE_BYTES && index < events.length - 1;
  });
  return events.slice(tooMany + 1);
}

const sizeOf = (entries: StreamEntry[]): number => entries.reduce((sum, { event }) => sum + event.length, 0);
