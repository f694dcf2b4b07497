import { type RunEvent, readRunEvent } from '@saas-codex/contracts/events';
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
        const { id, type } = event.data.item;
        const replaced =
          type === 'command_execution'
            ? id
            : [...growing.values()].find(({ data }) => data.item_type === type)?.data.stream_id;
        if (replaced !== undefined) growing.delete(replaced);
        break;
      }
    }
  }
  return [...growing.values()];
}
