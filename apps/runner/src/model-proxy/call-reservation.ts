import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { describeLimit, formatAmount } from '@saas-codex/contracts/limits';
import type { LimitReached, Reservation, ReserveModelCall } from '@saas-codex/contracts/model-calls';
import type { Usage } from '@saas-codex/contracts/runs';
import { LedgerUnavailable } from './ledger-client.js';
import type { ModelRun, RunLedger } from './model-access.js';
import { ModelCallError } from './model-error.js';

/*
 * No call of a metered run is sent before the backend has reserved what it may cost:
 *
 *     request ─► reserve ─┬─ granted ────────────────────────────────────► sent, with a maximum of output if there are caps
 *                         ├─ busy: other calls have reserved the rest ─┐
 *                         ├─ limit_reached: the run needs somebody ────┴─ asked again until LIMIT_WAIT_MINUTES ─► refused
 *                         ├─ refused: not with this model ──────────────► refused
 *                         └─ no backend answers ─► asked again for 30 s ─► refused; Codex tries again
 *
 * Afterwards the reservation is settled, whatever happens to the call. If this process dies, the backend does it.
 */

/** How long no backend may answer. */
const OUTAGE_MS = 30_000;
const PAUSE_MS = { outage: 500, busy: 500, limit: 2_000 };
/** A picture may be small and still be many tokens; no more than this. */
const TOKENS_PER_IMAGE = 10_000;
/** What the model server's own search may add to the input. */
const SEARCH_TOKENS = 128_000;

/** What a call may use, and how it ended. */
export class CallReservation {
  private end: { outcome: 'settled' | 'released' | 'unknown'; usage: Usage | null } = {
    outcome: 'released',
    usage: null,
  };

  /** @param settle null: the run is not metered */
  constructor(
    /** The most output that the request must ask for; null: the request stays as it is. */
    readonly outputTokens: number | null,
    private readonly settle: ((end: CallReservation['end']) => void) | null,
  ) {}

  /** The model server has the whole request: from now on it may work on it. */
  markSent(): void {
    if (this.end.usage === null) this.end = { outcome: 'unknown', usage: null };
  }

  /** The model server has refused the request, so it costs nothing. */
  markRefused(): void {
    if (this.end.usage === null) this.end = { outcome: 'released', usage: null };
  }

  markUsed(usage: Usage): void {
    this.end = { outcome: 'settled', usage };
  }

  finish(): void {
    this.settle?.(this.end);
  }
}

/**
 * Waits until the call may be sent.
 * @param body the request as it will be sent, but for `max_output_tokens`
 * @throws ModelCallError when it may not
 * @throws the signal's reason when the run or Codex has given the call up
 */
export async function reserveCall(
  run: ModelRun,
  request: Record<string, unknown>,
  body: string,
  { isDemo, signal }: { isDemo: boolean; signal: AbortSignal },
): Promise<CallReservation> {
  const { ledger, runId, tenantId } = run.caller;
  if (ledger === null) return new CallReservation(null, null);
  const { model, max_output_tokens: output } = request;
  const call: ReserveModelCall = {
    call_id: randomUUID(),
    tenant_id: tenantId,
    run_id: runId,
    model: String(model),
    input_tokens: inputAtMost(body),
    output_tokens: typeof output === 'number' && Number.isInteger(output) && output >= 0 ? output : null,
    demo: isDemo,
  };
  const outputTokens = await waitForGrant(run, ledger, call, signal);
  const reservation = new CallReservation(outputTokens, (end) =>
    ledger.settle(call.call_id, { tenant_id: tenantId, ...end }),
  );
  if (!signal.aborted) return reservation;
  reservation.finish();
  throw signal.reason as Error;
}

async function waitForGrant(
  run: ModelRun,
  ledger: RunLedger,
  call: ReserveModelCall,
  signal: AbortSignal,
): Promise<number | null> {
  const start = performance.now();
  const until = start + ledger.limitWaitMs;
  let answeredAt = start;
  let isTold = false;
  for (;;) {
    const answer = await ledger.reserve(call).catch((error: unknown) => {
      if (error instanceof LedgerUnavailable) return null;
      throw error;
    });
    const now = performance.now();
    if (answer) answeredAt = now;
    if (answer?.outcome === 'granted') {
      if (isTold) run.listener.onLimitLifted();
      return answer.output_tokens;
    }
    if (answer?.outcome === 'refused') throw refuse(400, answer.code, answer.detail);
    if (answer === null && now - answeredAt >= OUTAGE_MS) throw unavailable();
    if (answer && now >= until) throw refuse(400, 'limit_reached', limitSentence(answer.limit));
    if (answer?.outcome === 'limit_reached' && !isTold) {
      isTold = true;
      run.listener.onLimitReached(answer.limit, new Date(Date.now() + (until - now)));
    }
    await delay(pauseAfter(answer), undefined, { signal });
  }
}

const pauseAfter = (answer: Reservation | null): number =>
  answer === null ? PAUSE_MS.outage : answer.outcome === 'busy' ? PAUSE_MS.busy : PAUSE_MS.limit;

/** A token of text stands for at least one byte. What the server adds to a request is less than JSON's marks. */
function inputAtMost(body: string): number {
  const images = body.split('"input_image"').length - 1;
  const search = body.includes('"web_search"') ? SEARCH_TOKENS : 0;
  return Buffer.byteLength(body) + images * TOKENS_PER_IMAGE + search;
}

const refuse = (status: number, code: string, message: string) =>
  new ModelCallError({ status, message, type: 'invalid_request_error', code }, true);

const unavailable = () =>
  refuse(
    503,
    'ledger_unavailable',
    'The platform cannot record what model calls cost at the moment, so it sends none. If this persists, tell your operator.',
  );

function limitSentence(limit: LimitReached): string {
  const [used, needed] = [limit.used, limit.needed].map((amount) => formatAmount(amount, limit.unit));
  const whom = limit.set_by === 'operator' ? 'the operator of this installation' : 'an admin';
  return (
    `The next model call does not fit below ${describeLimit(limit)}: ${used} are used, and it may take up to ${needed}. ` +
    `Ask ${whom} to raise the limit, then send a prompt to continue.`
  );
}
