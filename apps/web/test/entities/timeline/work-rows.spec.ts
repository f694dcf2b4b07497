import type { Entry } from '../../../src/entities/timeline/run-timeline.js';
import { type WorkRow, workRows } from '../../../src/entities/timeline/work-rows.js';
import { command, foldAll, item, message, started } from './timeline.fixtures.js';

/** `.`: a command that succeeded, `x`: one that failed, `r`: one that runs, `m`: a message */
const entriesOf = (kinds: string): readonly Entry[] =>
  foldAll(
    started,
    ...[...kinds].map((kind, index) => {
      const [seq, id] = [`${index + 2}`, `item_${index}`];
      if (kind === 'm') return item(seq, 'completed', message('hello', id));
      if (kind === 'r') return item(seq, 'started', { ...command('in_progress'), id });
      return item(seq, 'completed', { ...command('completed'), id, exit_code: kind === 'x' ? 1 : 0 });
    }),
  ).entries;

const shape = (rows: readonly WorkRow[]): string =>
  rows
    .map((row) => (row.kind === 'commands' ? `[${row.commands.length}${row.open ? ':' : ''}]` : '-'))
    .join('');

interface Reader {
  live?: boolean;
  open?: string[];
  opened?: string[];
}
const rowsOf = (kinds: string, { live = false, open = [], opened = [] }: Reader = {}) =>
  shape(
    workRows(entriesOf(kinds), {
      live,
      isOpen: (key) => open.includes(key),
      opened: new Set(opened),
    }),
  );

describe('the rows of a run', () => {
  it.each([
    ['a few commands stay as they are', '.........', '---------'],
    ['many form one row', '..........', '[10]'],
    ['a failed command stands for itself', '............x..........', '[12]-[10]'],
    ['so does everything that is no command', 'm............m', '-[12]-'],
    ['so does a command that runs', '............r', '[12]-'],
  ])('%s', (_rule, kinds, rows) => expect(rowsOf(kinds)).toBe(rows));

  it('keeps the last steps of a run in progress visible', () => {
    expect(rowsOf('..............', { live: true })).toBe('[11]---');
  });

  it('shows the commands of an open group below it', () => {
    expect(rowsOf('..........m', { open: ['commands:item:item_0'] })).toBe(`[10:]${'-'.repeat(11)}`);
  });

  it('does not fold away a command that the reader has opened', () => {
    expect(rowsOf('.....................', { opened: ['item:item_10'] })).toBe('[10]-[10]');
    const open = ['commands:item:item_0'];
    expect(rowsOf('..........', { open, opened: ['item:item_4'] })).toBe(`[10:]${'-'.repeat(10)}`);
  });
});
