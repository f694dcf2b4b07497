import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { RunInConversation } from '@saas-codex/contracts/runner-api';
import { textOfInput } from '@saas-codex/contracts/runs';
import { IsNull, MoreThan, MoreThanOrEqual } from 'typeorm';
import type { RequestContext } from '../identity/request-context.js';
import { RunEntity } from './run.entity.js';
import { RunStore } from './run-store.js';

/** Which runs Codex's conversation is to end before. Those that were taken back are no longer in it. */
@Injectable()
export class RunTurns {
  constructor(private readonly runs: RunStore) {}

  /** The run and those after it, oldest first. */
  since(ctx: RequestContext, run: RunEntity): Promise<RunInConversation[]> {
    return this.turns(ctx, run, MoreThanOrEqual);
  }

  /** The runs after it, oldest first. */
  after(ctx: RequestContext, run: RunEntity): Promise<RunInConversation[]> {
    return this.turns(ctx, run, MoreThan);
  }

  private async turns(
    ctx: RequestContext,
    { sessionId, dispatchedAt }: RunEntity,
    than: typeof MoreThan,
  ): Promise<RunInConversation[]> {
    if (dispatchedAt === null) return [];
    const runs = await this.runs.read(ctx, (tx) =>
      tx.of(RunEntity).find({
        where: { sessionId, kind: 'prompt', rewoundAt: IsNull(), dispatchedAt: than(dispatchedAt) },
        order: { dispatchedAt: 'ASC' },
      }),
    );
    return runs.map(({ id, input }) => ({
      runId: id,
      promptHash: createHash('sha256').update(textOfInput(input)).digest('hex'),
    }));
  }
}
