import { rankPaths } from '../src/workspaces/history/tree-paths.js';

const PATHS = [
  'docs/run.md',
  'src/runs/queue.ts',
  'src/runs/run-queue.ts',
  'src/runs/run-queueing.ts',
  'test/trunk.spec.ts',
  '"caf\\351.txt"',
];

it.each([
  [
    'the beginning of a name before its middle, and a name before the folders',
    'run',
    [
      'docs/run.md',
      'src/runs/run-queue.ts',
      'src/runs/run-queueing.ts',
      'test/trunk.spec.ts',
      'src/runs/queue.ts',
    ],
  ],
  ['short paths first', 'queue', ['src/runs/queue.ts', 'src/runs/run-queue.ts', 'src/runs/run-queueing.ts']],
  [
    'letters in their order, in any case',
    'SRQ',
    ['src/runs/queue.ts', 'src/runs/run-queue.ts', 'src/runs/run-queueing.ts'],
  ],
  ['a folder and a part of the name', 'runs/run-queueing', ['src/runs/run-queueing.ts']],
  ['a name that is not UTF-8 as git writes it', 'caf', ['"caf\\351.txt"']],
  ['nothing for letters in another order', 'qrs', []],
])('finds %s', (_rule, query, expected) => expect(rankPaths(PATHS, query, 10)).toEqual(expected));

it('returns no more than it is asked for, best first', () =>
  expect(rankPaths(PATHS, '', 2)).toEqual(['docs/run.md', '"caf\\351.txt"']));
