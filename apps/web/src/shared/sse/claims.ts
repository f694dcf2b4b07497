/** Tabs ask at about the same time. */
const MAX_CLAIMS = 500;

/** What was told to the person, or was seen by them, in the order in which tabs asked to tell it. */
export class Claims {
  private readonly taken = new Set<string>();

  /** @returns false: another tab was first */
  take(claim: string): boolean {
    if (this.taken.has(claim)) return false;
    this.taken.add(claim);
    const [oldest] = this.taken;
    if (this.taken.size > MAX_CLAIMS && oldest !== undefined) this.taken.delete(oldest);
    return true;
  }
}
