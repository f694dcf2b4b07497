import type { EventData } from '@saas-codex/contracts/events';
import type { Item } from '@saas-codex/contracts/items';
import { BoundedText } from '../engine/bounded-text.js';
import type { EngineEvent } from '../engine/port/engine.js';

type Delta = EventData<'item.delta'>;

/**
 * The items of a turn that have begun and not ended. When the turn ends too early, nobody else completes them in the log:
 *
 *     item.started, item.updated ─► open ─┐
 *     item.delta ────► its text so far ───┼─► close() ─► the items as far as they are known
 *     item.completed ► not open ──────────┘
 */
export class OpenItems {
  private readonly items = new Map<string, Item>();
  private readonly texts = new Map<string, { type: string; text: BoundedText }>();

  addEvent({ type, data }: EngineEvent): void {
    switch (type) {
      case 'item.started':
      case 'item.updated':
        this.items.set(data.item.id, data.item);
        return;
      case 'item.completed':
        this.items.delete(data.item.id);
        this.texts.delete(data.item.id);
        return this.dropMessages(data.item.type);
      // The model is asked again for what it has begun to say, or has nothing more to say.
      case 'error':
      case 'turn.completed':
        return this.dropMessages('agent_message', 'reasoning');
    }
  }

  addDelta({ item_type: type, stream_id: id, text }: Delta): void {
    const growing = this.texts.get(id) ?? { type, text: new BoundedText() };
    growing.text.add(text);
    this.texts.set(id, growing);
  }

  /** @returns the items that are open, as they are to be completed. From now on none is. */
  close(): Item[] {
    const messages = [...this.texts]
      .filter(([id]) => !this.items.has(id))
      .map(([id, { type, text }]) => ({ id, type, text: text.toString() }));
    const closed = [...this.items.values()].map((item) => closedItem(item, this.texts.get(item.id)?.text));
    this.items.clear();
    this.texts.clear();
    return [...messages, ...closed];
  }

  private dropMessages(...types: string[]): void {
    for (const [id, { type }] of this.texts)
      if (types.includes(type) && !this.items.has(id)) this.texts.delete(id);
  }
}

function closedItem(item: Item, output?: BoundedText): Item {
  if (item.type === 'command_execution')
    return { ...item, ...(output && { aggregated_output: output.toString() }), status: 'stopped' };
  return 'status' in item ? { ...item, status: 'failed' } : item;
}
