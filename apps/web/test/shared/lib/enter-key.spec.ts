import type { KeyboardEvent } from 'react';
import { isSendKey } from '../../../src/shared/lib/enter-key.js';

/** A press of Enter, on a device with or without a touch screen as its first pointer. */
const enter = (
  touch: boolean,
  more: { shiftKey?: boolean; isComposing?: boolean; keyCode?: number } = {},
) => {
  globalThis.matchMedia = ((query: string) => ({
    matches: query === '(pointer: coarse)' && touch,
  })) as typeof matchMedia;
  const { shiftKey = false, isComposing = false, keyCode = 13 } = more;
  return isSendKey({ key: 'Enter', shiftKey, nativeEvent: { isComposing, keyCode } } as KeyboardEvent);
};

describe('isSendKey', () => {
  it('sends on Enter, but not on Shift+Enter', () => {
    expect(enter(false)).toBe(true);
    expect(enter(false, { shiftKey: true })).toBe(false);
  });

  it('begins a new line on a touch screen', () => expect(enter(true)).toBe(false));

  it('leaves the Enter that chooses a word to the input method, also in Safari', () => {
    expect(enter(false, { isComposing: true })).toBe(false);
    expect(enter(false, { keyCode: 229 })).toBe(false);
  });
});
