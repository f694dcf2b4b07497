import { jest } from '@jest/globals';
import { EVENT_TYPES, type RunEvent } from '@saas-codex/contracts/events';
import { openQuestions } from '../../../src/entities/timeline/present.js';
import { TimelineBuilder } from '../../../src/entities/timeline/timeline-builder.js';
import {
  built,
  command,
  delta,
  foldAll,
  item,
  logged,
  message,
  shape,
  started,
  USAGE,
} from './timeline.fixtures.js';

describe('a timeline', () => {
  it('reads the prompt, the start and the end from the log', () => {
    const timeline = foldAll(started, logged('2', 'run.succeeded', { usage: USAGE }));
    expect(timeline).toMatchObject({
      prompt: 'Fix it',
      startedAt: '2026-01-01T00:00:01.000Z',
      usage: USAGE,
      end: { status: 'succeeded', reason: null, at: '2026-01-01T00:00:02.000Z' },
    });
  });

  it('knows the limit at which the run waits, also when it began in an earlier page of the log', () => {
    const limit = { scope: 'tenant', unit: 'micro_usd', period: 'day', cap: 5, used: 4, needed: 2 } as const;
    const reached = logged('2', 'limit.reached', { ...limit, until: '2026-01-01T00:15:00.000Z' });
    const lifted = logged('3', 'limit.lifted', {});
    expect(foldAll(started, reached).limit).toMatchObject(limit);
    expect(foldAll(started, reached, lifted).limit).toBeNull();
    const [waiting, goingOn] = [built(delta('2-1', 'Hel')), built(lifted)];
    for (const builder of [waiting, goingOn]) builder.prepend([started, reached]);
    expect(waiting.snapshot().limit).toMatchObject(limit);
    expect(goingOn.snapshot().limit).toBeNull();
  });

  it('shows what a person said meanwhile where the agent has taken it in', () => {
    const steer = logged('3', 'steer.delivered', { steer_id: 'a', prompt: 'Faster' });
    const timeline = foldAll(
      started,
      item('2', 'completed', command('completed')),
      steer,
      steer,
      item('4', 'completed', message('Done')),
    );
    expect(timeline.entries.map(({ kind }) => kind)).toEqual(['item', 'steer', 'item']);
    expect(timeline.entries[1]).toEqual({ kind: 'steer', key: 'steer:a', steerId: 'a', prompt: 'Faster' });
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
    const builder = built(...events);
    const once = builder.snapshot();
    expect(foldAll(...events, ...events.slice(1))).toEqual(once);
    expect(builder.add(events[2]!)).toBe(false);
    expect(builder.snapshot().entries).toBe(once.entries);
  });

  it('grows a draft with each delta until the completed item replaces it', () => {
    const builder = built(
      started,
      delta('1-1', 'Hel'),
      delta('1-2', 'lo'),
      item('2', 'started', command('in_progress')),
    );
    expect(shape(builder.snapshot())).toEqual(['draft Hello', 'command_execution']);
    builder.add(item('3', 'completed', message('Hello.')));
    expect(shape(builder.snapshot())).toEqual(['agent_message', 'command_execution']);
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

  it('replaces the draft of the completed item, and those of attempts before it', () => {
    const timeline = foldAll(
      started,
      delta('1-1', 'thinking', 'r', 'reasoning'),
      delta('1-2', 'Half a', 'm1'),
      delta('1-3', 'Half an ans', 'm2'),
      delta('1-4', 'Next', 'm3'),
      item('2', 'completed', { id: 'm2', type: 'agent_message', text: 'Half an answer.' }),
    );
    expect(shape(timeline)).toEqual(['draft thinking', 'agent_message', 'draft Next']);
  });

  it('drops the draft of an item that already has an entry', () => {
    const timeline = foldAll(
      started,
      item('2', 'started', message('')),
      delta('2-1', 'Hi'),
      item('3', 'completed', message('Hi')),
    );
    expect(shape(timeline)).toEqual(['agent_message']);
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

  it('knows what was stopped with a run', () => {
    const stopped = { processes: 3, connections: 1 };
    const timeline = foldAll(started, logged('2', 'run.cancelled', { reason: 'Stopped.', stopped }));
    expect(timeline.end?.stopped).toEqual(stopped);
  });

  it.each(['run.failed', 'run.cancelled', 'run.interrupted'] as const)(
    'keeps all entries on %s, drafts too',
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

  it('ignores everything after the first terminal event', () => {
    const ended = built(started, logged('2', 'run.interrupted', { reason: 'Lost.' }));
    expect(ended.add(logged('3', 'run.succeeded', {}))).toBe(false);
    expect(ended.snapshot().end).toMatchObject({ status: 'interrupted' });
  });

  it('shows a failure once although Codex reports it twice', () => {
    const timeline = foldAll(
      started,
      logged('2', 'error', { message: 'No quota' }),
      logged('3', 'turn.failed', { error: { message: 'No quota' } }),
    );
    expect(shape(timeline)).toEqual(['No quota']);
  });

  it('keeps the identity of entries that an event does not change', () => {
    const builder = built(started, item('2', 'completed', command('completed')), delta('2-1', 'a'));
    const before = builder.snapshot();
    builder.add(delta('2-2', 'b'));
    const after = builder.snapshot();
    expect(after.entries[0]).toBe(before.entries[0]);
    expect(shape(before)).toEqual(['command_execution', 'draft a']);
    expect(shape(after)).toEqual(['command_execution', 'draft ab']);
  });

  it('copies its entries once for each snapshot, however many events come between two', () => {
    const builder = built(started);
    const copies = jest.spyOn(Array.prototype, 'slice');
    try {
      for (let seq = 2; seq < 2_002; seq++) {
        builder.add(item(`${seq}`, 'completed', { ...command('completed'), id: `item_${seq}` }));
        if (seq % 500 === 0) builder.snapshot();
      }
      expect(copies.mock.calls.filter((args) => args.length === 0)).toHaveLength(4);
    } finally {
      copies.mockRestore();
    }
  });

  it('advances the position for every event type, known or not', () => {
    const data = { item: message('x'), usage: USAGE, error: { message: 'x' }, message: 'x', reason: 'x' };
    for (const type of [...EVENT_TYPES, 'unknown']) {
      const event = {
        ...started.event,
        seq: 7,
        type,
        data,
        raw: { type: 'voice.requested', data },
      } as unknown as RunEvent;
      expect(foldAll({ id: { seq: 7, delta: 0 }, event }).position.seq).toBe(7);
    }
  });

  it('shows a question where it was asked, open until its answer or the end, in whatever pages they come', () => {
    const names = { approval_id: 'a', request_id: '0' };
    const question = {
      ...names,
      kind: 'command' as const,
      item_id: 'item_1',
      command: 'npm test',
      reason: null,
      decisions: ['accept' as const],
    };
    const resolved = { ...names, outcome: 'answered' as const, decision: 'accept' as const };
    const asked = [
      started,
      item('2', 'started', command('in_progress')),
      logged('3', 'approval.requested', question),
    ];
    const later = [
      logged('4', 'approval.resolved', resolved),
      item('5', 'completed', command('completed')),
    ] as const;
    expect(openQuestions(foldAll(...asked))).toMatchObject([{ question, resolved: null }]);
    expect(openQuestions(foldAll(...asked, logged('4', 'run.succeeded', {})))).toEqual([]);
    const whole = foldAll(...asked, ...later);
    expect(whole.entries[1]).toEqual({ kind: 'approval', key: 'approval:a', question, resolved });
    expect(openQuestions(whole)).toEqual([]);
    const inPages = built(...later);
    inPages.prepend(asked);
    expect(inPages.snapshot().entries).toEqual(whole.entries);
  });

  it('keeps the last of consecutive notices, and drops one that the end repeats', () => {
    const failing = [
      started,
      logged('2', 'error', { message: 'Attempt 1/5 failed' }),
      logged('3', 'error', { message: 'Attempt 2/5 failed' }),
    ];
    expect(shape(foldAll(...failing))).toEqual(['Attempt 2/5 failed']);

    const failed = [
      logged('4', 'error', { message: 'No quota' }),
      logged('5', 'run.failed', { reason: 'No quota' }),
    ];
    expect(shape(foldAll(...failing, ...failed))).toEqual([]);
  });

  it('is the same in whatever pages its log is read, the last page first', () => {
    const refused = (id: string, host: string) =>
      logged(id, 'network.refused', { host, port: 443, reason: 'network_off' });
    const log = [
      started,
      item('2', 'started', command('in_progress')),
      refused('3', 'a.example'),
      refused('4', 'b.example'),
      item('5', 'completed', command('completed', 'done')),
      logged('6', 'error', { message: 'Attempt 1/5 failed' }),
      logged('7', 'error', { message: 'No quota' }),
      item('8', 'completed', message('Done.')),
      logged('9', 'run.failed', { reason: 'No quota', usage: USAGE }),
    ];
    const whole = foldAll(...log);
    for (let first = 1; first < log.length; first++) {
      for (let second = first; second < log.length; second++) {
        for (const live of [false, true]) {
          const builder = new TimelineBuilder();
          if (!live) builder.prepend(log.slice(second));
          else for (const event of log.slice(second)) builder.add(event);
          builder.prepend(log.slice(first, second));
          builder.prepend(log.slice(0, first));
          const { entries, ...rest } = builder.snapshot();
          expect({ ...rest, entries }).toEqual(whole);
        }
      }
    }
  });
});
