import { type RunEvent, readRunEvent } from '@saas-codex/contracts/events';
import type { Item } from '@saas-codex/contracts/items';
import type { StreamEntry } from '../redis-stream/stream-entry.js';

type Delta = Extract<RunEvent, { type: 'item.delta' }>;

/**
 * The texts that are still growing at the end of some entries: an `item.delta` each, with all of its text so far. A reader who
 * gets them instead of the deltas shows the same.
 */
export function growingTexts(entries: readonly StreamEntry[]): Delta[] {
  // In the order in which they began.
  const growing = new Map<string, Delta>();
  for (const entry of entries) {
    if (!entry.type.startsWith('item.')) continue;
    const event = readRunEvent(entry.event.toString('utf8'));
    switch (event?.type) {
      case 'item.delta': {
        const before = growing.get(event.data.stream_id);
        const text = (before?.data.text ?? '') + event.data.text;
        growing.set(event.data.stream_id, { ...event, data: { ...event.data, text } });
        break;
      }
      // The item has a command's output so far.
      case 'item.started':
      case 'item.updated':
        growing.delete(event.data.item.id);
        break;
      case 'item.completed': {
        for (const id of replacedBy(event.data.item, growing)) growing.delete(id);
        break;
      }
    }
  }
  return [...growing.values()];
}

/**
 * The texts that a completed item has, or makes obsolete: its own and those of its type before it, of which the model was asked
 * again. Runners of earlier versions did not name a text after its item: then it is the oldest.
 */
function replacedBy({ id, type }: Item, growing: Map<string, Delta>): string[] {
  if (type === 'command_execution') return [id];
  const texts = [...growing.values()].filter(({ data }) => data.item_type === type);
  const own = texts.findIndex(({ data }) => data.stream_id === id);
  return texts.slice(0, own < 0 ? 1 : own + 1).map(({ data }) => data.stream_id);
}
