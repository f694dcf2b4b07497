import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { WorkspaceLimits } from '../workspace-limits.js';

/** What a person saves. */
export interface Download {
  /** Of the file, as an agent may have chosen it. */
  name: string;
  content: Readable;
}

/** Bounds what downloads hold: each has a file open for as long as its reader likes, within a deadline. */
@Injectable()
export class Downloads {
  private readonly running = new Map<string, number>();

  constructor(private readonly limits: WorkspaceLimits) {}

  /** @throws ProblemError rate_limited; what `open` throws */
  async begin<T extends { content: Readable }>(tenantId: string, open: () => Promise<T>): Promise<T> {
    if (this.countOf(tenantId) >= this.limits.downloadsPerTenant)
      throw new ProblemError(
        'rate_limited',
        'Your organisation is downloading too many files at once. Try again when a download has ended.',
      );
    this.running.set(tenantId, this.countOf(tenantId) + 1);
    try {
      const download = await open();
      const cut = () => download.content.destroy(new Error('The download took too long.'));
      const timer = setTimeout(cut, this.limits.downloadMs).unref();
      download.content.once('close', () => {
        clearTimeout(timer);
        this.end(tenantId);
      });
      return download;
    } catch (error) {
      this.end(tenantId);
      throw error;
    }
  }

  private countOf = (tenantId: string): number => this.running.get(tenantId) ?? 0;

  private end(tenantId: string): void {
    const left = this.countOf(tenantId) - 1;
    if (left > 0) this.running.set(tenantId, left);
    else this.running.delete(tenantId);
  }
}
