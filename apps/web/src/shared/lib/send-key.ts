import type { KeyboardEvent } from 'react';

/** Safari reports the Enter that ends a composition with this code, after the composition. */
const IN_COMPOSITION = 229;

/**
 * The key sends what was typed: Enter without Shift. On a touch screen, whose keyboard has no Shift+Enter, Enter begins a
 * new line and a button sends. The Enter that chooses a word of an input method never sends.
 */
export const isSendKey = ({ key, shiftKey, nativeEvent }: KeyboardEvent): boolean =>
  key === 'Enter' &&
  !shiftKey &&
  !nativeEvent.isComposing &&
  nativeEvent.keyCode !== IN_COMPOSITION &&
  !matchMedia('(pointer: coarse)').matches;
