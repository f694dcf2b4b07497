import type { KeyboardEvent } from 'react';
import { isEnter } from '../../../src/shared/lib/enter-key.js';
import { tooLong } from '../../../src/shared/lib/too-long.js';

it('sends with Enter, but not while an input method converts, and not with the Enter that ends it', () => {
  const pressed = (key: string, { shiftKey = false, isComposing = false, keyCode = 13 } = {}) =>
    isEnter({ key, shiftKey, nativeEvent: { isComposing, keyCode } } as KeyboardEvent);
  expect(pressed('Enter')).toBe(true);
  expect(pressed('Enter', { shiftKey: true })).toBe(false);
  expect(pressed('Enter', { isComposing: true })).toBe(false);
  // Safari
  expect(pressed('Enter', { keyCode: 229 })).toBe(false);
  expect(pressed('a', { keyCode: 65 })).toBe(false);
});

it('says that a text is too long, as the server counts it', () => {
  expect(tooLong(` ${'x'.repeat(100)} `, 100)).toBeUndefined();
  expect(tooLong('x'.repeat(126_000), 100_000)).toBe(
    'This text has 126,000 characters, and at most 100,000 can be sent. Shorten it.',
  );
});
