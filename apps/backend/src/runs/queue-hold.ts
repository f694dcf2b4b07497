import type { TenantTransaction } from '../database/tenant-database.js';
import { WAITING } from './queue-order.js';
import { RunEntity } from './run.entity.js';

/*
 * Stop holds the queue. The prompts that wait behind a stopped one were written for a tree that it was to leave, so none of
 * them starts by itself:
 *
 *     running A, queued B C ── cancel A ──► held B C ── new prompt D ──► D runs, B C stay held
 *                                             └── resume ──► B, then C
 *
 * The hold is a column of each prompt, so a prompt that is sent afterwards is not held, and a queue without held prompts
 * needs no resuming.
 */

/** Holds the prompts that wait in the session. For a transaction that has locked the session's row. */
export async function holdQueue(tx: TenantTransaction, sessionId: string): Promise<void> {
  await tx.of(RunEntity).update({ sessionId, ...WAITING }, { held: true });
}

/** The inverse of `holdQueue`. */
export async function resumeQueue(tx: TenantTransaction, sessionId: string): Promise<void> {
  await tx.of(RunEntity).update({ sessionId, status: 'queued', held: true }, { held: false });
}

/**
 * SQL condition on a run `r` and its session `s`: the run is held. Only a person can resume it, so there is no work to do for
 * it, unless it has to end.
 */
export const HELD = `
  r.held AND r.status = 'queued' AND r.cancel_requested_at IS NULL AND s.status = 'ready' AND s.deleted_at IS NULL`;
