import { parseEventId } from '@saas-codex/contracts/event-ids';
import type { EventData, EventType, RunEvent } from '@saas-codex/contracts/events';
import type { Item } from '@saas-codex/contracts/items';
import type { RunTimeline } from '../../../src/entities/timeline/run-timeline.js';
import { type LoggedEvent, TimelineBuilder } from '../../../src/entities/timeline/timeline-builder.js';

/* Short ways to write events in a spec. */

export const USAGE = {
  input_tokens: 10,
  cached_input_tokens: 2,
  output_tokens: 5,
  reasoning_output_tokens: 1,
};

export function logged<T extends EventType>(
  id: string,
  type: T,
  data: EventData<T>,
  at = `2026-01-01T00:00:0${id[0]}.000Z`,
) {
  const position = parseEventId(id);
  if (!position) throw new Error(`bad id ${id}`);
  const event = {
    v: 1,
    run_id: 'run',
    session_id: 'session',
    tenant_id: 'local',
    seq: position.seq,
    at,
    type,
    data,
  };
  return { id: position, event: event as RunEvent } satisfies LoggedEvent;
}

export const started = logged('1', 'run.started', {
  kind: 'prompt',
  prompt: 'Fix it',
  model: null,
  runner: 'r1',
});
export const item = (id: string, phase: 'started' | 'updated' | 'completed', value: Item) =>
  logged(id, `item.${phase}`, { item: value });
export const delta = (
  id: string,
  text: string,
  stream = 's1',
  type: EventData<'item.delta'>['item_type'] = 'agent_message',
) => logged(id, 'item.delta', { item_type: type, stream_id: stream, text });
export const message = (text: string, id = 'item_9') => ({ id, type: 'agent_message', text });
export const command = (status: string, output = '') => ({
  id: 'item_1',
  type: 'command_execution',
  command: "bash -lc 'npm test'",
  aggregated_output: output,
  exit_code: status === 'in_progress' ? null : 0,
  status,
});

export function built(...events: LoggedEvent[]): TimelineBuilder {
  const builder = new TimelineBuilder();
  for (const event of events) builder.add(event);
  return builder;
}
export const foldAll = (...events: LoggedEvent[]): RunTimeline => built(...events).snapshot();
export const shape = (timeline: RunTimeline) =>
  timeline.entries.map((entry) => {
    switch (entry.kind) {
      case 'item':
        return entry.item.value.type;
      case 'draft':
        return `draft ${entry.text}`;
      case 'notice':
        return entry.message;
      case 'refusals':
        return `refused ${entry.refusals.map(({ host }) => host).join(' ')}`;
      case 'event':
        return `event ${entry.type}`;
    }
  });
