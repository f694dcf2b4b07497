import { findLines, takeLines, textLines } from '../src/workspaces/history/line-search.js';

const file = ['function a() {', '  once();', '}', '', 'function b() {', '  once();', '}', 'end'];
/** Where lines `first` to `last` of the file are in another version of it. */
function found(first: number, last: number, lines: string[]): number | null {
  const sought = takeLines(file, first, last);
  if (!sought) throw new Error('The file does not have these lines.');
  return findLines(lines, sought);
}

test('lines are found where they are now', () => {
  expect(found(2, 3, file)).toBe(2);
  expect(found(5, 7, ['// new', ...file])).toBe(6);
  expect(found(5, 7, file.slice(3))).toBe(2);
  expect(found(1, 8, file.slice(1))).toBeNull();
});

test('of equal lines, those with the same lines around them are meant, then the nearest ones', () => {
  expect(found(6, 6, ['x', 'y', ...file])).toBe(8);
  expect(found(2, 2, ['x', 'y', ...file])).toBe(4);
  const without = file.filter((_, index) => index !== 5);
  expect(found(2, 2, without)).toBe(2);
  expect(findLines(['same', 'same', 'same'], { firstLine: 2, code: ['same'], before: [], after: [] })).toBe(
    2,
  );
});

test('a line that stands everywhere is gone when nothing around it is left', () => {
  expect(found(3, 3, ['other', '}', 'lines'])).toBeNull();
  expect(found(2, 2, ['other', '  once();', 'lines'])).toBe(2);
});

test('the characters that end lines do not matter, and a binary file has no lines', () => {
  expect(textLines(Buffer.from('a\r\nb\n\nc'))).toEqual(['a', 'b', '', 'c']);
  expect(textLines(Buffer.from('a\n'))).toEqual(['a']);
  expect(textLines(Buffer.from(''))).toEqual([]);
  expect(textLines(Buffer.from('a\0b\n'))).toBeNull();
  expect(takeLines(['a'], 1, 2)).toBeNull();
});
