import { createContext, type RefObject } from 'react';

/** Where a row of the conversation is, for a list inside of it that renders only what is in view. */
interface RowPlace {
  readonly scroller: RefObject<HTMLElement | null>;
  /** The row's distance from the start of the conversation, in pixels. */
  readonly start: number;
  /** The reader is at the end of the conversation, which follows new output. */
  readonly readerAtEnd: () => boolean;
}

export const RowPlace = createContext<RowPlace>({
  scroller: { current: null },
  start: 0,
  readerAtEnd: () => true,
});
