import type { Item } from '@saas-codex/contracts/items';
import { OpenItems } from '../src/runs/open-items.js';

const command = {
  id: 'c',
  type: 'command_execution',
  command: 'make',
  aggregated_output: '',
  status: 'in_progress',
};
const plan = { id: 'p', type: 'todo_list', items: [] };
const started = (item: Item) => ({ type: 'item.started', data: { item } }) as const;
const completed = (item: Item) => ({ type: 'item.completed', data: { item } }) as const;
const text = (item_type: 'agent_message' | 'command_execution', stream_id: string, added: string) => ({
  item_type,
  stream_id,
  text: added,
});

describe('items that a turn leaves open', () => {
  let items: OpenItems;
  beforeEach(() => {
    items = new OpenItems();
  });

  it('are completed with what is known of them, once', () => {
    items.addEvent(started(plan));
    items.addEvent(started({ id: 'f', type: 'file_change', changes: [], status: 'in_progress' }));
    items.addEvent(started(command));
    items.addDelta(text('command_execution', 'c', 'one\n'));
    items.addDelta(text('command_execution', 'c', 'two\n'));
    items.addDelta(text('agent_message', 'm', 'Half an ans'));
    expect(items.close()).toEqual([
      { id: 'm', type: 'agent_message', text: 'Half an ans' },
      plan,
      { id: 'f', type: 'file_change', changes: [], status: 'failed' },
      { ...command, aggregated_output: 'one\ntwo\n', status: 'stopped' },
    ]);
    expect(items.close()).toEqual([]);
  });

  it('are not those that have ended', () => {
    items.addEvent(started(command));
    items.addDelta(text('command_execution', 'c', 'one\n'));
    items.addDelta(text('agent_message', 'm', 'Hel'));
    items.addEvent(completed({ ...command, status: 'completed' }));
    items.addEvent(completed({ id: 'm', type: 'agent_message', text: 'Hello' }));
    expect(items.close()).toEqual([]);
  });

  it('are no messages that the model was asked for again, or that it left behind', () => {
    items.addDelta(text('agent_message', 'm1', 'Hel'));
    items.addEvent({ type: 'error', data: { message: 'Reconnecting' } });
    items.addDelta(text('agent_message', 'm2', 'Hell'));
    items.addEvent(completed({ id: 'm3', type: 'agent_message', text: 'Hello' }));
    expect(items.close()).toEqual([]);
  });
});
