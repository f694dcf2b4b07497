import type { ServerResponse } from 'node:http';
import { ProblemError } from '@saas-codex/service-kit/problem';

const RETRY_AFTER_SECONDS = 10;

/**
 * Limits the event streams that one tenant has open in this process: each of them holds a socket and its buffers for as long
 * as its client likes. Every gateway and every backend counts for itself.
 */
export class StreamPlaces {
  private readonly open = new Map<string, number>();

  /** @param most event streams of one tenant */
  constructor(private readonly most: number) {}

  /**
   * Takes a place until the answer is closed, in whatever way. To be called just before the stream is opened.
   * @param tenantId undefined: not known, so the stream is not counted
   * @throws ProblemError too_many_streams
   */
  take(tenantId: string | undefined, res: ServerResponse): void {
    // It will not report again that it is closed.
    if (tenantId === undefined || res.destroyed) return;
    const count = this.open.get(tenantId) ?? 0;
    if (count >= this.most) throw tooMany(this.most);
    this.open.set(tenantId, count + 1);
    res.once('close', () => this.giveBack(tenantId));
  }

  private giveBack(tenantId: string): void {
    const left = (this.open.get(tenantId) ?? 1) - 1;
    if (left > 0) this.open.set(tenantId, left);
    else this.open.delete(tenantId);
  }
}

const tooMany = (most: number) =>
  new ProblemError(
    'too_many_streams',
    `Your organisation has ${most} event streams open here, and may not have more (MAX_STREAMS_PER_TENANT). ` +
      'Close some of them, or watch up to 50 runs in one: GET /api/events?runs=….',
    { headers: { 'Retry-After': `${RETRY_AFTER_SECONDS}` } },
  );
