/** The time that a run may work. It stands still while the run waits for a person. */
export class RunDeadline {
  private timeout: NodeJS.Timeout | undefined;
  private startedAt = 0;

  /**
   * Starts at once.
   * @param leftMs milliseconds
   * @param onOver called when they are over
   */
  constructor(
    private leftMs: number,
    private readonly onOver: () => void,
  ) {
    this.resume();
  }

  resume(): void {
    if (this.timeout) return;
    this.startedAt = performance.now();
    this.timeout = setTimeout(this.onOver, this.leftMs);
  }

  pause(): void {
    if (!this.timeout) return;
    clearTimeout(this.timeout);
    this.timeout = undefined;
    this.leftMs = Math.max(0, this.leftMs - (performance.now() - this.startedAt));
  }
}
