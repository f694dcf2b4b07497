/** How much may be done at the same time: in all, and for one tenant. */
export interface Places {
  total: number;
  /** Less than `total`, so that one tenant never holds every place. */
  perTenant: number;
}

interface Line {
  held: number;
  waiting: (() => void)[];
  /** Counts the turns of all tenants: when this one had its last turn. 0: it had none. */
  lastTurn: number;
}

/**
 * A semaphore whose places are shared fairly between tenants.
 *
 *     free place ─► of the tenants that wait and have fewer than `perTenant`: the one that holds the fewest places,
 *                   and among equals the one whose last turn is longest ago
 *
 * So a tenant whose work is slow, or waits for something that the tenant controls, slows down only its own work.
 */
export class FairPlaces {
  /** By tenant. Only tenants that hold a place or wait for one. */
  private readonly lines = new Map<string, Line>();
  private held = 0;
  private turns = 0;

  constructor(private readonly places: Places) {}

  /** Waits for a place of the tenant and does the work in it. */
  async run<T>(tenant: string, work: () => Promise<T>): Promise<T> {
    await this.take(tenant);
    try {
      return await work();
    } finally {
      this.giveBack(tenant);
    }
  }

  private take(tenant: string): Promise<void> {
    return new Promise((resolve) => {
      const line = this.lines.get(tenant) ?? { held: 0, waiting: [], lastTurn: 0 };
      this.lines.set(tenant, line);
      line.waiting.push(resolve);
      this.grant();
    });
  }

  private giveBack(tenant: string): void {
    const line = this.lines.get(tenant);
    if (!line) return;
    this.held -= 1;
    line.held -= 1;
    if (line.held === 0 && line.waiting.length === 0) this.lines.delete(tenant);
    this.grant();
  }

  private grant(): void {
    while (this.held < this.places.total) {
      const next = this.next();
      if (!next) return;
      this.held += 1;
      next.held += 1;
      next.lastTurn = ++this.turns;
      next.waiting.shift()?.();
    }
  }

  private next(): Line | null {
    let best: Line | null = null;
    for (const line of this.lines.values()) {
      if (line.waiting.length === 0 || line.held >= this.places.perTenant) continue;
      if (
        best === null ||
        line.held < best.held ||
        (line.held === best.held && line.lastTurn < best.lastTurn)
      )
        best = line;
    }
    return best;
  }
}
