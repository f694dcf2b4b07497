import { completeMention, mentionAt } from '../../src/features/composer/path-mention.js';

/** @param text with the caret at `|` */
const at = (text: string) => mentionAt(text.replace('|', ''), text.indexOf('|'));

it.each([
  ['at the beginning', '@|', ''],
  ['within a sentence', 'Look at @src/ru| and say why', 'src/ru'],
  ['after a bracket', '(@a|)', 'a'],
  ['on a new line', 'one\n@tw|o', 'tw'],
])('finds what is typed after an @ %s', (_where, text, query) => expect(at(text)?.query).toBe(query));

it.each(['ada@example|', 'no mention|', '@src done|', '@a@b|'])('finds nothing in %s', (text) =>
  expect(at(text)).toBeNull(),
);

it('puts the path in place of what was typed, in quotes if it has a space, and the caret behind it', () => {
  const complete = (text: string, path: string) => {
    const mention = at(text);
    if (!mention) throw new Error('no mention');
    const { text: after, caret } = completeMention(text.replace('|', ''), mention, path);
    return `${after.slice(0, caret)}|${after.slice(caret)}`;
  };
  expect(complete('See @run|', 'src/run.ts')).toBe('See src/run.ts |');
  expect(complete('See @run| and', 'src/run.ts')).toBe('See src/run.ts |and');
  expect(complete('@a|', 'a b.txt')).toBe('"a b.txt" |');
  expect(complete('@a|', '"caf\\351 1.txt"')).toBe('"caf\\351 1.txt" |');
});
