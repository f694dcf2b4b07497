import { BoundedText } from '../bounded-text.js';

/** Characters that are shown while a script prints them. */
const MOST_SHOWN = 256 * 1024;
const NO_MORE_SHOWN = '\n… that is a lot; the end of it follows when the script has ended …\n';

/** What a setup script prints: shown as it grows, while it is not too much, and kept for the completed item. */
export class SetupOutput {
  private readonly kept = new BoundedText();
  private room = MOST_SHOWN;

  /** @returns what of it to show now */
  add(text: string): string {
    this.kept.add(text);
    const shown = text.slice(0, this.room);
    const isLast = this.room > 0 && text.length > this.room;
    this.room -= shown.length;
    return isLast ? shown + NO_MORE_SHOWN : shown;
  }

  /** All of it, without its middle when it is very long. */
  toString(): string {
    return this.kept.toString();
  }
}
