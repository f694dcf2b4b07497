/*
 * Lets so many work at a time; the others wait for their turn, in the order in which they came.
 *
 *     run ──a place is free──► works ──done, or its patience over──► its place goes to the next
 *      └─none is──► waits ─────────┘
 *
 * With a patience it takes the edge off a crowd and limits nobody: whoever works for long goes on, but holds nobody up.
 */
export class Turns {
  private readonly waiting: (() => void)[] = [];

  /** @param patienceMs after so long a place goes on to the next although its work is not done; left out: never */
  constructor(
    private places: number,
    private readonly patienceMs?: number,
  ) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.places > 0) this.places -= 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    let passedOn = false;
    const passOn = () => {
      if (!passedOn) this.passOn();
      passedOn = true;
    };
    const timer = this.patienceMs === undefined ? undefined : setTimeout(passOn, this.patienceMs);
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
