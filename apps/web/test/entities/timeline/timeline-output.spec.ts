import type { RunTimeline } from '../../../src/entities/timeline/run-timeline.js';
import { built, command, delta, foldAll, item, logged, shape, started } from './timeline.fixtures.js';

const output = ({ entries: [entry] }: RunTimeline) =>
  entry?.kind === 'item' ? entry.item.value['aggregated_output'] : null;

describe("a command's output", () => {
  const running = [started, item('2', 'started', command('in_progress'))];
  const grow = (id: string, text: string, stream = 'item_1') => delta(id, text, stream, 'command_execution');

  it('grows with each delta until the completed item replaces it', () => {
    const growing = [...running, grow('2-1', 'added 3 '), grow('2-2', 'packages\n')];
    expect(output(foldAll(...growing))).toBe('added 3 packages\n');
    expect(shape(foldAll(...growing))).toEqual(['command_execution']);
    const completed = [...growing, item('3', 'completed', command('completed', 'whole'))];
    expect(output(foldAll(...completed))).toBe('whole');
    expect(output(foldAll(...completed, grow('3-1', 'late')))).toBe('whole');
  });

  it('ignores output of a command that has not started', () => {
    const builder = built(...running);
    const before = builder.snapshot();
    builder.add(grow('2-1', 'x', 'item_7'));
    expect(builder.snapshot().entries).toBe(before.entries);
  });

  it('keeps only the last lines of long output', () => {
    const line = `${'x'.repeat(1023)}\n`;
    const long = [...running, grow('2-1', `first\n${line.repeat(63)}`)];
    const text = String(output(foldAll(...long, grow('2-2', `${line}last\n`))));
    expect(text.length).toBeLessThanOrEqual(32 * 1024);
    expect(text).toMatch(/^x{1023}\n/);
    expect(text).toMatch(/\nlast\n$/);
  });
});

it('groups consecutive refused connections', () => {
  const refused = (id: string, host: string) =>
    logged(id, 'network.refused', { host, port: 443, reason: 'network_off' });
  const timeline = foldAll(
    started,
    refused('2', 'a.example'),
    refused('3', 'b.example'),
    item('4', 'completed', command('completed')),
    refused('5', 'c.example'),
  );
  expect(shape(timeline)).toEqual(['refused a.example b.example', 'command_execution', 'refused c.example']);
});
