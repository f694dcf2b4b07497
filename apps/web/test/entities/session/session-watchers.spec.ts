import { initialsOf } from '../../../src/entities/session/session-watchers.js';

it('shortens a name to the first letters of its first and its last word', () => {
  expect(['Ada', 'ada lovelace', ' Vera van  Dijk ', 'Émile Zola', '😀 Smile', ''].map(initialsOf)).toEqual([
    'A',
    'AL',
    'VD',
    'ÉZ',
    '😀S',
    '',
  ]);
});
