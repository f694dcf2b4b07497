import { Injectable } from '@nestjs/common';
import type { EventId } from '@saas-codex/contracts/event-ids';
import { readRunEvent } from '@saas-codex/contracts/events';
import type { Item } from '@saas-codex/contracts/items';
import type { PageQuery } from '@saas-codex/contracts/pagination';
import type { RunItemPage } from '@saas-codex/contracts/runs';
import type { StreamEntry } from '@saas-codex/event-log/redis-stream/stream-entry';
import type { RunLogReader } from '@saas-codex/event-log/run-log/run-log.reader';
import { z } from 'zod';
import { decodeCursor, toPage } from '../database/cursor.js';
import type { RequestContext } from '../identity/request-context.js';
import { RunLogAccess } from './run-log-access.js';

const ENTRIES_AT_ONCE = 200;
/** An event has at most 512 KB, so a page has at most that much more. */
const PAGE_BYTES = 4 * 1024 * 1024;

interface Row {
  /** Number of the event that the item is from. */
  seq: number;
  item: Item;
}

/**
 * The items of a run, folded from its log:
 *
 *     item.started a, item.started b, item.completed b, item.updated a, item.completed c
 *       ──► b, c              complete: in the order of their events, so a page continues after its last event
 *       ──► a (as updated)    not complete: at the end of the last page
 */
@Injectable()
export class RunItems {
  constructor(private readonly logs: RunLogAccess) {}

  /** @throws ProblemError run_not_found, invalid_cursor */
  async page(ctx: RequestContext, runId: string, { cursor, limit }: PageQuery): Promise<RunItemPage> {
    const after = decodeCursor(cursor, z.int32().min(0)) ?? 0;
    const log = await this.logs.readerOf(ctx, runId);
    const complete: Row[] = [];
    let bytes = 0;
    for await (const entry of this.durableEntries(log, after)) {
      const item = entry.type === 'item.completed' ? itemOf(entry) : null;
      if (!item) continue;
      complete.push({ seq: entry.id.seq, item });
      // One more than the page has: there is a next page.
      if (complete.length > limit || bytes > PAGE_BYTES)
        return toPage(
          complete,
          complete.length - 1,
          ({ seq }) => seq,
          ({ item: each }) => each,
        );
      bytes += entry.event.length;
    }
    const items = [...complete.map(({ item }) => item), ...(await this.incomplete(log))];
    return { items, next_cursor: null };
  }

  /** At most as large as the log, which the runner bounds. */
  private async incomplete(log: RunLogReader): Promise<Item[]> {
    const open = new Map<string, Item>();
    for await (const entry of this.durableEntries(log, 0)) {
      const item = entry.type.startsWith('item.') ? itemOf(entry) : null;
      if (!item) continue;
      if (entry.type === 'item.completed') open.delete(item.id);
      else open.set(item.id, item);
    }
    return [...open.values()];
  }

  /** The log's durable events after number `after`, to its end or as far as it is written. */
  private async *durableEntries(log: RunLogReader, after: number) {
    let last: EventId = { seq: after, delta: 0 };
    for (;;) {
      const { entries, ended } = await log.readAfter(last, ENTRIES_AT_ONCE);
      for (const entry of entries) if (entry.id.delta === 0) yield entry;
      if (ended || entries.length === 0) return;
      last = entries.at(-1)?.id ?? last;
    }
  }
}

function itemOf({ event: bytes }: StreamEntry): Item | null {
  const event = readRunEvent(bytes.toString('utf8'));
  switch (event?.type) {
    case 'item.started':
    case 'item.updated':
    case 'item.completed':
      return event.data.item;
    default:
      return null;
  }
}
