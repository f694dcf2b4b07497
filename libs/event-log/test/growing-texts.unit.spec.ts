import { randomUUID } from 'node:crypto';
import type { EventData, EventType } from '@saas-codex/contracts/events';
import { growingTexts } from '../src/run-log/growing-texts.js';

const envelope = {
  v: 1,
  run_id: randomUUID(),
  session_id: randomUUID(),
  tenant_id: 't',
  seq: 1,
  at: '2026-11-29T00:00:00.000Z',
};
const entry = <T extends EventType>(type: T, data: EventData<T>) => ({
  id: { seq: 1, delta: 0 },
  type,
  event: Buffer.from(JSON.stringify({ ...envelope, type, data })),
});
const delta = (stream_id: string, text: string, item_type: 'agent_message' | 'command_execution') =>
  entry('item.delta', { item_type, stream_id, text });
const completed = (id: string) => entry('item.completed', { item: { id, type: 'agent_message', text: '' } });
const textsOf = (...entries: ReturnType<typeof entry>[]) =>
  growingTexts(entries as never).map(({ data }) => [data.stream_id, data.text]);

describe('texts that grow at the end of a log', () => {
  it('are those of messages that are not complete, and the output of commands so far', () => {
    const command = { id: 'c', type: 'command_execution', command: 'ls', status: 'in_progress' };
    expect(
      textsOf(
        delta('m1', 'He', 'agent_message'),
        entry('item.started', { item: command }),
        delta('c', 'one\n', 'command_execution'),
        delta('c', 'two\n', 'command_execution'),
        delta('m1', 'llo', 'agent_message'),
      ),
    ).toEqual([
      ['m1', 'Hello'],
      ['c', 'one\ntwo\n'],
    ]);
  });

  it('end with their item, together with those of attempts before it', () => {
    const [first, second, third] = ['m1', 'm2', 'm3'].map((id) => delta(id, id, 'agent_message'));
    expect(textsOf(first!, second!, third!, completed('m2'))).toEqual([['m3', 'm3']]);
  });

  it('end in their order where their names are not those of items', () => {
    const [first, second] = ['s1', 's2'].map((id) => delta(id, id, 'agent_message'));
    expect(textsOf(first!, second!, completed('item_0'))).toEqual([['s2', 's2']]);
  });
});
