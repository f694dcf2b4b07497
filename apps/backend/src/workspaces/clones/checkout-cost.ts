import { Injectable } from '@nestjs/common';
import { Git } from '../git/git.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import { cloneProblem } from './clone-problems.js';
import type { MirroredTarget } from './mirrors.js';

/** What a checkout writes. */
export interface CheckoutCost {
  files: number;
  bytes: number;
}

const NOTHING: CheckoutCost = { files: 0, bytes: 0 };
const FULL_ID = 40;
const CACHE_SIZE = 10_000;

/**
 * Refuses checkouts that are too large, before anything is written: a small pack can name millions of files, or hold
 * petabytes of zeros.
 */
@Injectable()
export class CheckoutCosts {
  /** By commit, since a commit never changes. */
  private readonly cache = new Map<string, CheckoutCost>();

  constructor(
    private readonly git: Git,
    private readonly limits: WorkspaceLimits,
  ) {}

  /**
   * @param maxBytes that this checkout may write
   * @param before what other checkouts of the same workspace have written: the installation's limits hold for all together
   * @throws ProblemError clone_too_large, disk_quota_exceeded; GitFailure
   */
  async checkCost(
    { mirror, target }: MirroredTarget,
    {
      signal,
      maxBytes = Infinity,
      before = NOTHING,
    }: { signal?: AbortSignal; maxBytes?: number; before?: CheckoutCost },
  ): Promise<CheckoutCost> {
    const cost = this.cache.get(target.oid) ?? (await this.countCost(mirror, target.oid, signal));
    if (this.isTooLarge({ files: before.files + cost.files, bytes: before.bytes + cost.bytes }))
      throw cloneProblem('clone_too_large');
    if (cost.bytes > maxBytes) throw cloneProblem('disk_quota_exceeded');
    if (this.cache.size === CACHE_SIZE) this.cache.clear();
    // An abbreviated id may be another commit in another repository.
    if (target.oid.length === FULL_ID) this.cache.set(target.oid, cost);
    return cost;
  }

  /** Stops counting when it is too much. */
  private async countCost(mirror: string, oid: string, signal?: AbortSignal): Promise<CheckoutCost> {
    const cost = new CostCounter();
    const tooLarge = new AbortController();
    try {
      await this.git.runCommand({
        args: ['ls-tree', '-r', '-l', '-z', oid],
        cwd: mirror,
        gitDir: mirror,
        timeoutMs: this.limits.localMs,
        signal: AbortSignal.any([tooLarge.signal, ...(signal ? [signal] : [])]),
        onStdout: (chunk) => {
          cost.addListing(chunk);
          if (this.isTooLarge(cost)) tooLarge.abort();
        },
      });
    } catch (error) {
      if (!this.isTooLarge(cost)) throw error;
    }
    return cost;
  }

  private isTooLarge({ files, bytes }: CheckoutCost): boolean {
    return files > this.limits.checkoutFiles || bytes > this.limits.checkoutBytes;
  }
}

/** Mode, type, object id and padded size precede the name. */
const HEAD = /^\d+ blob [0-9a-f]+ +(\d+)\t/;
const HEAD_CHARACTERS = 100;

/**
 * Adds up what a checkout would write, from the output of `ls-tree -r -l -z` as it arrives. There may be more files
 * than fit into memory.
 */
class CostCounter implements CheckoutCost {
  files = 0;
  bytes = 0;
  private head = '';

  addListing(chunk: Buffer): void {
    for (let start = 0; start < chunk.length;) {
      const end = chunk.indexOf(0, start);
      const piece = chunk.subarray(start, end < 0 ? chunk.length : end);
      this.head += piece.toString('latin1', 0, HEAD_CHARACTERS - this.head.length);
      if (end < 0) return;
      this.files++;
      this.bytes += Number(HEAD.exec(this.head)?.[1] ?? 0);
      this.head = '';
      start = end + 1;
    }
  }
}
