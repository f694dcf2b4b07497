import type { KeyboardEvent } from 'react';

/**
 * Whether a key sends what is in a field of several lines. On a touch screen, whose keyboard has no Shift+Enter, Enter begins a
 * new line and a button sends.
 */
export const isSendKey = (event: KeyboardEvent): boolean =>
  isEnter(event) && !matchMedia('(pointer: coarse)').matches;

/**
 * Enter without Shift, unless it ends the conversion of an input method. Safari reports that Enter after the conversion, with
 * the key code 229.
 */
export const isEnter = ({ key, shiftKey, nativeEvent }: KeyboardEvent): boolean =>
  key === 'Enter' && !shiftKey && !isConverting(nativeEvent);

/** The key belongs to an input method, which converts what was typed. */
export const isConverting = ({
  isComposing,
  keyCode,
}: Pick<KeyboardEvent['nativeEvent'], 'isComposing' | 'keyCode'>): boolean => isComposing || keyCode === 229;
