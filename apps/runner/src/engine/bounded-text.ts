/** Characters of a command's output that an event keeps. Codex itself shows the model less. */
const MAX_CHARACTERS = 128 * 1024;
/** Room for the note between head and tail, so that a shortened text fits when it is bounded again. */
const NOTE_CHARACTERS = 100;

/** Keeps the head and the tail of a text of any length. */
export class BoundedText {
  private readonly headRoom: number;
  private readonly tailRoom: number;
  private head = '';
  private tail = '';
  private length = 0;

  /** @param maximum characters */
  constructor(private readonly maximum = MAX_CHARACTERS) {
    this.headRoom = Math.ceil(maximum / 2);
    this.tailRoom = Math.max(0, maximum - this.headRoom - NOTE_CHARACTERS);
  }

  add(text: string): this {
    const room = this.headRoom - this.head.length;
    this.length += text.length;
    this.head += text.slice(0, room);
    this.tail += text.slice(room);
    // Not for each piece: many are small.
    if (this.tail.length > 2 * this.maximum) this.tail = this.tail.slice(-this.maximum);
    return this;
  }

  toString(): string {
    if (this.length <= this.maximum) return this.head + this.tail;
    const left = this.length - this.headRoom - this.tailRoom;
    const tail = this.tailRoom === 0 ? '' : this.tail.slice(-this.tailRoom);
    return `${this.head}\n… ${left} characters left out …\n${tail}`;
  }
}
