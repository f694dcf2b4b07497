import { fold } from '../../../src/entities/timeline/fold.js';
import type { RunTimeline } from '../../../src/entities/timeline/run-timeline.js';
import { command, delta, foldAll, item, logged, shape, started } from './fold.fixtures.js';

const output = ({ entries: [entry] }: RunTimeline) =>
  entry?.kind === 'item' ? entry.item.value['aggregated_output'] : null;

describe("a command's output", () => {
  const running = foldAll(started, item('2', 'started', command('in_progress')));
  const grow = (id: string, text: string, stream = 'item_1') => delta(id, text, stream, 'command_execution');

  it('grows with each delta until the completed item replaces it', () => {
    const growing = [grow('2-1', 'added 3 '), grow('2-2', 'packages\n')].reduce(fold, running);
    expect(output(growing)).toBe('added 3 packages\n');
    expect(shape(growing)).toEqual(['command_execution']);
    const completed = fold(growing, item('3', 'completed', command('completed', 'whole')));
    expect(output(completed)).toBe('whole');
    expect(output(fold(completed, grow('3-1', 'late')))).toBe('whole');
  });

  it('ignores output of a command that has not started', () => {
    expect(fold(running, grow('2-1', 'x', 'item_7')).entries).toBe(running.entries);
  });

  it('keeps only the last lines of long output', () => {
    const line = `${'x'.repeat(1023)}\n`;
    const long = fold(running, grow('2-1', `first\n${line.repeat(63)}`));
    const text = String(output(fold(long, grow('2-2', `${line}last\n`))));
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
