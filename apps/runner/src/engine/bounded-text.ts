/** Characters of a command's output that an event keeps; Codex itself shows the model less. */
const MOST = 128 * 1024;
/** Leaves room for the words between head and tail, so that a bounded text is not bounded again. */
const WORDS = 100;

/** Keeps the head and the tail of a text that may grow without end. */
export class BoundedText {
  private readonly headRoom: number;
  private readonly tailRoom: number;
  private head = '';
  private tail = '';
  private length = 0;

  /** @param most characters */
  constructor(private readonly most = MOST) {
    this.headRoom = Math.ceil(most / 2);
    this.tailRoom = Math.max(0, most - this.headRoom - WORDS);
  }

  add(text: string): this {
    const room = this.headRoom - this.head.length;
    this.length += text.length;
    this.head += text.slice(0, room);
    this.tail += text.slice(room);
    // Not with each piece: many are small.
    if (this.tail.length > 2 * this.most) this.tail = this.tail.slice(-this.most);
    return this;
  }

  toString(): string {
    if (this.length <= this.most) return this.head + this.tail;
    const left = this.length - this.headRoom - this.tailRoom;
    const tail = this.tailRoom === 0 ? '' : this.tail.slice(-this.tailRoom);
    return `${this.head}\n… ${left} characters left out …\n${tail}`;
  }
}
