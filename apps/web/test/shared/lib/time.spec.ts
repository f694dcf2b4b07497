import { formatAge, formatDuration } from '../../../src/shared/lib/time.js';

describe('formatDuration', () => {
  it.each([
    [-5, '0s'],
    [400, '0s'],
    [4_300, '4s'],
    [59_400, '59s'],
    [59_600, '1m 0s'],
    [72_000, '1m 12s'],
    [3_599_600, '1h 00m'],
    [7_500_000, '2h 05m'],
  ])('%d ms is %s', (milliseconds, text) => expect(formatDuration(milliseconds)).toBe(text));
});

describe('formatAge', () => {
  const now = Date.parse('2026-03-10T12:00:00.000Z');
  it.each([
    ['2026-03-10T11:59:30.000Z', 'now'],
    ['2026-03-10T12:00:05.000Z', 'now'],
    ['2026-03-10T11:55:00.000Z', '5m'],
    ['2026-03-10T09:00:00.000Z', '3h'],
    ['2026-03-08T12:00:00.000Z', '2d'],
  ])('%s is %s', (iso, text) => expect(formatAge(iso, now)).toBe(text));
});
