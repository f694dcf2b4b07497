import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../countdown.js';

const { secondsLeft, formatTime } = globalThis.countdown;

test('the time left is counted in whole seconds and ends at 0', () => {
  assert.equal(secondsLeft(5_000, 0), 5);
  assert.equal(secondsLeft(5_000, 4_001), 1);
  assert.equal(secondsLeft(5_000, 5_000), 0);
  assert.equal(secondsLeft(5_000, 9_000), 0);
});

test('times are shown as hours, minutes and seconds', () => {
  assert.equal(formatTime(0), '00:00:00');
  assert.equal(formatTime(59), '00:00:59');
  assert.equal(formatTime(3_725), '01:02:05');
  assert.equal(formatTime(86_400), '24:00:00');
});
