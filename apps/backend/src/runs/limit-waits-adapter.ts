import { Injectable } from '@nestjs/common';
import { IsNull } from 'typeorm';
import { systemContext } from '../identity/request-context.js';
import { LimitWaits, type WaitingRun } from '../usage/limit-waits.js';
import { RunEntity } from './run.entity.js';
import { OPEN, RunStore } from './run-store.js';

/** Keeps since when a run waits at a cap, so that its session says whom it waits for. */
@Injectable()
export class LimitWaitsAdapter extends LimitWaits {
  constructor(private readonly runs: RunStore) {
    super();
  }

  async record({ tenantId, sessionId, runId: id }: WaitingRun, waits: boolean): Promise<void> {
    await this.runs.changeIfThere(systemContext('runs', tenantId), sessionId, async (tx) => {
      const runs = tx.of(RunEntity);
      if (waits)
        await runs.update({ id, status: OPEN, limitReachedAt: IsNull() }, { limitReachedAt: new Date() });
      else await runs.update({ id }, { limitReachedAt: null });
    });
  }
}
