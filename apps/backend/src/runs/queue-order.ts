import { isInConversation, RUN_KINDS, type RunKind } from '@saas-codex/contracts/runs';
import { In, IsNull } from 'typeorm';
import { isBlockedBySetup } from '../environments/setup-gate.js';
import type { SessionEntity } from '../sessions/session.entity.js';
import type { RunEntity } from './run.entity.js';

/*
 * The order in which a session's runs start. A new run goes to the end; a person may put the prompts that wait in another order,
 * which gives them each other's positions.
 */

type Placed = Pick<RunEntity, 'ordinal' | 'queuePosition'>;

/**
 * Matches the prompts, reviews and compactions that wait and that no runner has: those that people may put in another order, and
 * of which they may edit the prompts.
 */
export const WAITING = {
  kind: In(RUN_KINDS.filter(isInConversation)),
  status: 'queued',
  dispatchedAt: IsNull(),
  cancelRequestedAt: IsNull(),
} as const;

/** Whether `WAITING` matches the run. */
export const waits = (run: RunEntity): boolean =>
  isInConversation(run.kind) &&
  run.status === 'queued' &&
  run.dispatchedAt === null &&
  run.cancelRequestedAt === null;

export const positionOf = ({ queuePosition, ordinal }: Placed): number => queuePosition ?? ordinal;

/** By position; held prompts last. */
export const inQueueOrder = <R extends Placed & Pick<RunEntity, 'held'>>(runs: readonly R[]): R[] =>
  runs.toSorted(
    (a, b) => Number(a.held) - Number(b.held) || positionOf(a) - positionOf(b) || a.ordinal - b.ordinal,
  );

/**
 * The run that starts next, of those that no runner has. What people do to the files themselves comes before all prompts. Checks
 * and proposals overtake prompts, too: they change nothing that a prompt works on, and whoever waits for them waits for no queue.
 */
export const nextToStart = (
  session: Pick<SessionEntity, 'setup' | 'setupStatus'>,
  runs: readonly RunEntity[],
): RunEntity | undefined => {
  const free = inQueueOrder(runs).filter((run) => !run.held && !isBlockedBySetup(run.kind, session));
  const first = (kind: RunKind) => free.find((run) => run.kind === kind);
  return first('edit') ?? first('check') ?? first('proposal') ?? free[0];
};
