import type { RedactedStream, Redactor } from '../redaction/redactor.js';
import { BoundedText } from './bounded-text.js';

/** Characters that are shown while they are printed. */
const MAX_LIVE = 256 * 1024;
const LIVE_ENDS = '\n… that is a lot; the end of it follows when it is complete …\n';

/**
 * A text in pieces, such as the output of a command: shown as it grows up to a limit, and kept. It is redacted before it is
 * cut: half of a secret would not be found.
 */
export class GrowingText {
  private readonly kept = new BoundedText();
  private readonly redacted: RedactedStream;
  private room = MAX_LIVE;

  constructor(redactor: Redactor) {
    this.redacted = redactor.stream();
  }

  /** @returns the part to show now */
  add(piece: string): string {
    const text = this.redacted.push(piece);
    this.kept.add(text);
    const live = text.slice(0, this.room);
    const isLast = this.room > 0 && text.length > this.room;
    this.room -= live.length;
    return isLast ? live + LIVE_ENDS : live;
  }

  /** The head and the tail of all of it; nothing follows. */
  end(): string {
    return this.kept.add(this.redacted.end()).toString();
  }
}
