import { Inject, Injectable } from '@nestjs/common';
import { RunLogReader, type RunLogSources } from '@saas-codex/event-log/run-log/run-log.reader';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import type { Redis } from 'ioredis';
import { RunArchive } from '../archive/run-archive.js';
import type { RequestContext } from '../identity/request-context.js';
import { REDIS } from '../redis.module.js';
import { RunStore } from '../runs/run-store.js';

/** The way of a request to the log of a run: checks that the run is its tenant's, and knows where its log is. */
@Injectable()
export class RunLogAccess {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly runs: RunStore,
    private readonly archive: RunArchive,
    private readonly logs: RunLogs,
  ) {}

  /** @throws ProblemError run_not_found */
  async sourcesOf(ctx: RequestContext, runId: string): Promise<RunLogSources> {
    const owner = await this.runs.require(ctx, runId);
    return {
      archive: this.archive.of(ctx, runId),
      readSpool: (after, count) => this.logs.readSpool(owner, after, count),
      refill: (seq) => this.logs.refillTo(owner, seq),
    };
  }

  /** @throws ProblemError run_not_found */
  async readerOf(ctx: RequestContext, runId: string): Promise<RunLogReader> {
    return new RunLogReader(this.redis, runId, await this.sourcesOf(ctx, runId));
  }
}
