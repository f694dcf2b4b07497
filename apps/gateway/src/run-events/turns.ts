/*
 * Lets so many work at a time; the others wait for their turn, in the order in which they came.
 *
 *     run ──a place is free──► works ──done, or `patienceMs` over──► its place goes to the next
 *      └─none is──► waits ─────────┘
 *
 * It takes the edge off a crowd and limits nobody: whoever works for long goes on, but holds nobody up.
 */
export class Turns {
  private readonly waiting: (() => void)[] = [];

  constructor(
    private places: number,
    private readonly patienceMs: number,
  ) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.places > 0) this.places -= 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    let passedOn = false;
    const passOn = () => {
      if (!passedOn) this.passOn();
      passedOn = true;
    };
    const timer = setTimeout(passOn, this.patienceMs);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      passOn();
    }
  }

  private passOn(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.places += 1;
  }
}
