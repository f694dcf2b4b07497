/** Characters of a command's output that an event keeps; Codex itself shows the model less. */
const MOST = 128 * 1024;
const HEAD = MOST / 2;
/** Leaves room for the words between the two, so that a bounded text is not bounded again. */
const TAIL = HEAD - 100;

/** Keeps the head and the tail of a text that may grow without end. */
export class BoundedText {
  private head = '';
  private tail = '';
  private length = 0;

  add(text: string): this {
    const room = HEAD - this.head.length;
    this.length += text.length;
    this.head += text.slice(0, room);
    this.tail += text.slice(room);
    // Not with each piece: many are small.
    if (this.tail.length > 2 * TAIL) this.tail = this.tail.slice(-TAIL);
    return this;
  }

  toString(): string {
    if (this.length <= MOST) return this.head + this.tail;
    return `${this.head}\n… ${this.length - HEAD - TAIL} characters left out …\n${this.tail.slice(-TAIL)}`;
  }
}
