import { repositoryPath, runPhase, splitAnswer } from '../../../src/entities/timeline/present.js';
import { EMPTY_TIMELINE, type Entry, type RunTimeline } from '../../../src/entities/timeline/run-timeline.js';

const entry = (value: object): Entry =>
  ({
    kind: 'item',
    key: JSON.stringify(value),
    item: { known: true, value },
    startedAt: '',
    completedAt: '',
  }) as never;
const message = entry({ type: 'agent_message', text: 'Done.' });
const command = entry({ type: 'command_execution' });
const plan = entry({ type: 'todo_list', items: [] });

describe('splitAnswer', () => {
  it.each([
    ['the closing message', [command, message], [command], message],
    ['a message followed only by the plan', [command, message, plan], [command, plan], message],
    ['no message if work followed it', [message, command], [message, command], null],
    ['nothing', [], [], null],
  ])('takes as the answer: %s', (_name, entries, work, answer) =>
    expect(splitAnswer(entries)).toEqual({ work, answer, refusals: [] }),
  );

  it('keeps refused connections visible, wherever they occurred', () => {
    const refusal = { host: 'a.example', port: 443, reason: 'network_off' } as const;
    const refused: Entry = { kind: 'refusals', key: 'refusals:1', refusals: [refusal] };
    expect(splitAnswer([refused, command, message, refused])).toEqual({
      work: [command],
      answer: message,
      refusals: [refusal, refusal],
    });
  });
});

describe('runPhase', () => {
  const begun: RunTimeline = { ...EMPTY_TIMELINE, position: { seq: 1, delta: 0 } };
  const ended: RunTimeline = { ...begun, end: { status: 'succeeded', reason: null, stopped: null, at: '' } };
  it.each([
    ['queued', EMPTY_TIMELINE, 'waiting'],
    ['queued', begun, 'running'],
    ['running', EMPTY_TIMELINE, 'running'],
    ['waiting', begun, 'running'],
    ['running', ended, 'ended'],
    ['succeeded', begun, 'loading'],
    ['succeeded', ended, 'ended'],
  ] as const)('%s', (status, timeline, phase) => expect(runPhase({ status }, timeline)).toBe(phase));
});

describe('repositoryPath', () => {
  it.each([
    ['/w/repo/src/a.ts', 'src/a.ts'],
    ['./a.ts', 'a.ts'],
    ['/w/repository/a.ts', '/w/repository/a.ts'],
    ['a.ts', 'a.ts'],
  ])('%s', (path, expected) => expect(repositoryPath(path, '/w/repo')).toBe(expected));
});
