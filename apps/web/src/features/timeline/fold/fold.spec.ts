import { parseEventId } from '@saas-codex/contracts/event-ids';
import { EVENT_TYPES, type EventData, type EventType, type RunEvent } from '@saas-codex/contracts/events';
import type { Item } from '@saas-codex/contracts/items';
import { EMPTY_TIMELINE, fold, type LoggedEvent } from './fold.js';
import type { RunTimeline } from './run-timeline.js';

const USAGE = { input_tokens: 10, cached_input_tokens: 2, output_tokens: 5, reasoning_output_tokens: 1 };

function logged<T extends EventType>(
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

const started = logged('1', 'run.started', {
  kind: 'prompt',
  prompt: 'Fix it',
  model: null,
  runner: 'r1',
});
const item = (id: string, phase: 'started' | 'updated' | 'completed', value: Item) =>
  logged(id, `item.${phase}`, { item: value });
const delta = (
  id: string,
  text: string,
  stream = 's1',
  type: EventData<'item.delta'>['item_type'] = 'agent_message',
) => logged(id, 'item.delta', { item_type: type, stream_id: stream, text });
const message = (text: string, id = 'item_9') => ({ id, type: 'agent_message', text });
const command = (status: string, output = '') => ({
  id: 'item_1',
  type: 'command_execution',
  command: "bash -lc 'npm test'",
  aggregated_output: output,
  exit_code: status === 'in_progress' ? null : 0,
  status,
});

const foldAll = (...events: LoggedEvent[]): RunTimeline => events.reduce(fold, EMPTY_TIMELINE);
const shape = (timeline: RunTimeline) =>
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
    }
  });
const output = ({ entries: [entry] }: RunTimeline) =>
  entry?.kind === 'item' ? entry.item.value['aggregated_output'] : null;

describe('fold', () => {
  it('takes the prompt, the start and the end from the log', () => {
    const timeline = foldAll(started, logged('2', 'run.succeeded', { usage: USAGE }));
    expect(timeline).toMatchObject({
      prompt: 'Fix it',
      startedAt: '2026-01-01T00:00:01.000Z',
      usage: USAGE,
      end: { status: 'succeeded', reason: null, at: '2026-01-01T00:00:02.000Z' },
    });
  });

  it('merges the phases of one item into one entry and remembers when it began', () => {
    const timeline = foldAll(
      started,
      item('2', 'started', command('in_progress')),
      item('3', 'updated', command('in_progress', 'one')),
      item('4', 'completed', command('completed', 'one two')),
    );
    expect(timeline.entries).toHaveLength(1);
    expect(timeline.entries[0]).toMatchObject({
      startedAt: '2026-01-01T00:00:02.000Z',
      completedAt: '2026-01-01T00:00:04.000Z',
      item: { known: true, value: { aggregated_output: 'one two', exit_code: 0 } },
    });
  });

  it('gives the same timeline when a reconnect repeats events', () => {
    const events = [
      started,
      item('2', 'started', command('in_progress')),
      delta('2-1', 'Hel'),
      delta('2-2', 'lo'),
    ];
    const once = foldAll(...events);
    expect(foldAll(...events, ...events.slice(1))).toEqual(once);
    expect(fold(once, events[2]!)).toBe(once);
  });

  it('lets a text grow by its deltas until the completed item takes its place', () => {
    const growing = foldAll(
      started,
      delta('1-1', 'Hel'),
      delta('1-2', 'lo'),
      item('2', 'started', command('in_progress')),
    );
    expect(shape(growing)).toEqual(['draft Hello', 'command_execution']);
    expect(shape(fold(growing, item('3', 'completed', message('Hello.'))))).toEqual([
      'agent_message',
      'command_execution',
    ]);
  });

  it('replaces only a draft of the same type, the oldest first', () => {
    const timeline = foldAll(
      started,
      delta('1-1', 'thinking', 'r', 'reasoning'),
      delta('1-2', 'first', 'm1'),
      delta('1-3', 'second', 'm2'),
      item('2', 'completed', message('first!')),
    );
    expect(shape(timeline)).toEqual(['draft thinking', 'agent_message', 'draft second']);
  });

  it('drops the draft of an item that had its own entry already', () => {
    const timeline = foldAll(
      started,
      item('2', 'started', message('')),
      delta('2-1', 'Hi'),
      item('3', 'completed', message('Hi')),
    );
    expect(shape(timeline)).toEqual(['agent_message']);
  });

  describe("a command's output", () => {
    const running = foldAll(started, item('2', 'started', command('in_progress')));
    const grow = (id: string, text: string, stream = 'item_1') =>
      delta(id, text, stream, 'command_execution');

    it('grows by deltas, and is what the completed item says in the end', () => {
      const growing = [grow('2-1', 'added 3 '), grow('2-2', 'packages\n')].reduce(fold, running);
      expect(output(growing)).toBe('added 3 packages\n');
      expect(shape(growing)).toEqual(['command_execution']);
      const completed = fold(growing, item('3', 'completed', command('completed', 'whole')));
      expect(output(completed)).toBe('whole');
      expect(output(fold(completed, grow('3-1', 'late')))).toBe('whole');
    });

    it('makes nothing of a command that has not started', () => {
      expect(fold(running, grow('2-1', 'x', 'item_7')).entries).toBe(running.entries);
    });

    it('keeps its last lines when there is too much of it', () => {
      const line = `${'x'.repeat(1023)}\n`;
      const long = fold(running, grow('2-1', `first\n${line.repeat(63)}`));
      const text = String(output(fold(long, grow('2-2', `${line}last\n`))));
      expect(text.length).toBeLessThanOrEqual(32 * 1024);
      expect(text).toMatch(/^x{1023}\n/);
      expect(text).toMatch(/\nlast\n$/);
    });
  });

  it('puts refused connections together until something else happens', () => {
    const refused = (id: string, host: string) =>
      logged(id, 'network.refused', { host, port: 443, reason: 'network_off' });
    const timeline = foldAll(
      started,
      refused('2', 'a.example'),
      refused('3', 'b.example'),
      item('4', 'completed', command('completed')),
      refused('5', 'c.example'),
    );
    expect(shape(timeline)).toEqual([
      'refused a.example b.example',
      'command_execution',
      'refused c.example',
    ]);
  });

  it('passes items of unknown types and malformed known ones through', () => {
    const timeline = foldAll(
      started,
      item('2', 'completed', { id: 'a', type: 'image_generation', prompt: 'cat' }),
      item('3', 'completed', { id: 'b', type: 'agent_message' }),
    );
    expect(timeline.entries).toMatchObject([
      { item: { known: false, value: { type: 'image_generation', prompt: 'cat' } } },
      { item: { known: false, value: { type: 'agent_message' } } },
    ]);
  });

  it('ends a run that was cancelled before it started', () => {
    const timeline = foldAll(logged('1', 'run.cancelled', { reason: 'Cancelled before it started.' }));
    expect(timeline).toMatchObject({
      startedAt: null,
      entries: [],
      end: { status: 'cancelled', reason: 'Cancelled before it started.' },
    });
  });

  it.each(['run.failed', 'run.cancelled', 'run.interrupted'] as const)(
    'keeps what was there on %s, drafts too',
    (type) => {
      const timeline = foldAll(
        started,
        delta('1-1', 'Half a'),
        logged('2', type, { reason: 'Because.', usage: USAGE }),
      );
      expect(shape(timeline)).toEqual(['draft Half a']);
      expect(timeline).toMatchObject({ usage: USAGE, end: { status: type.slice(4), reason: 'Because.' } });
    },
  );

  it('ignores whatever follows the first terminal event', () => {
    const ended = foldAll(started, logged('2', 'run.interrupted', { reason: 'Lost.' }));
    expect(fold(ended, logged('3', 'run.succeeded', {}))).toBe(ended);
  });

  it('shows a failure once although Codex tells it twice', () => {
    const timeline = foldAll(
      started,
      logged('2', 'error', { message: 'No quota' }),
      logged('3', 'turn.failed', { error: { message: 'No quota' } }),
    );
    expect(shape(timeline)).toEqual(['No quota']);
  });

  it('keeps the identity of entries that an event does not touch', () => {
    const before = foldAll(started, item('2', 'completed', command('completed')), delta('2-1', 'a'));
    const after = fold(before, delta('2-2', 'b'));
    expect(after.entries[0]).toBe(before.entries[0]);
  });

  it('moves on over every event type, also one of a newer server', () => {
    const data = { item: message('x'), usage: USAGE, error: { message: 'x' }, message: 'x', reason: 'x' };
    for (const type of [...EVENT_TYPES, 'approval.requested']) {
      const event = { ...started.event, seq: 7, type, data } as unknown as RunEvent;
      expect(fold(EMPTY_TIMELINE, { id: { seq: 7, delta: 0 }, event }).position.seq).toBe(7);
    }
  });

  it('keeps the last of the notices in a row, and leaves to the end what the end says', () => {
    const failing = foldAll(
      started,
      logged('2', 'error', { message: 'Attempt 1/5 failed' }),
      logged('3', 'error', { message: 'Attempt 2/5 failed' }),
    );
    expect(shape(failing)).toEqual(['Attempt 2/5 failed']);

    const failed = [
      logged('4', 'error', { message: 'No quota' }),
      logged('5', 'run.failed', { reason: 'No quota' }),
    ];
    expect(shape(failed.reduce(fold, failing))).toEqual([]);
  });
});
