import { inBytes } from '../../../src/shared/lib/bytes.js';

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1 KB'],
  [3_440_000, '3.4 MB'],
  [34_400_000, '34 MB'],
  [2 ** 53 - 1, '9,007 TB'],
])('writes %d bytes as %s', (bytes, text) => {
  expect(inBytes(bytes)).toBe(text);
});
