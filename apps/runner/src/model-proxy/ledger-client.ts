import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import {
  MODEL_CALLS_PATH,
  Reservation,
  type ReserveModelCall,
  type SettleModelCall,
} from '@saas-codex/contracts/model-calls';
import { ReplicaClient } from '@saas-codex/service-kit/replicas/replica-client';

const TIMEOUT_MS = 10_000;
const REPLICA_TIMEOUT_MS = 4_000;
/** How long a settlement is tried. After that, the backend counts the reservation when the run has ended. */
const SETTLE_FOR_MS = 10 * 60_000;
const MAX_PAUSE_MS = 5_000;
/** At the end of the process: how long the last settlements may take. */
const CLOSE_WITHIN_MS = 3_000;

export interface LedgerSettings {
  BACKEND_URL: URL[];
  SERVICE_TOKEN: string;
}

/** No backend has answered, or none that has what this runner needs. */
export class LedgerUnavailable extends Error {
  override name = 'LedgerUnavailable';
}

/** Client of the backends' ledger of model calls (contracts/model-calls.ts). Every call may be repeated, also to another backend. */
export class LedgerClient implements OnApplicationShutdown {
  private readonly logger = new Logger(LedgerClient.name);
  private readonly backends: ReplicaClient;
  private readonly closing = new AbortController();
  private readonly settling = new Set<Promise<void>>();

  constructor(private readonly settings: LedgerSettings) {
    this.backends = new ReplicaClient(settings.BACKEND_URL);
  }

  /** Runs last, after the runs have ended and their calls with them. */
  async onApplicationShutdown(): Promise<void> {
    const late = setTimeout(() => this.closing.abort(), CLOSE_WITHIN_MS);
    await Promise.all(this.settling);
    clearTimeout(late);
    this.backends.close();
  }

  /** @throws LedgerUnavailable */
  async reserve(call: ReserveModelCall): Promise<Reservation> {
    const { status, body } = await this.post(MODEL_CALLS_PATH, call);
    const answer = status === 200 ? Reservation.safeParse(body).data : undefined;
    if (answer) return answer;
    throw new LedgerUnavailable(`the ledger answered ${status}`);
  }

  /** Goes on in the background until a backend has it. */
  settle(callId: string, end: SettleModelCall): void {
    const settled = this.settleUntilDone(callId, end).finally(() => this.settling.delete(settled));
    this.settling.add(settled);
  }

  private async settleUntilDone(callId: string, end: SettleModelCall): Promise<void> {
    const until = performance.now() + SETTLE_FOR_MS;
    for (let pause = 200; !this.closing.signal.aborted && performance.now() < until; pause *= 2) {
      const status = await this.post(`${MODEL_CALLS_PATH}/${callId}/settle`, end).then(
        (answer) => answer.status,
        () => 503,
      );
      if (status === 204) return;
      const wait = Math.min(pause, MAX_PAUSE_MS);
      await delay(wait, undefined, { signal: this.closing.signal }).catch(() => undefined);
    }
    this.logger.warn(`model call ${callId} was not settled`);
  }

  private async post(path: string, body: object): Promise<{ status: number; body: unknown }> {
    const json = JSON.stringify(body);
    const headers = {
      authorization: `Bearer ${this.settings.SERVICE_TOKEN}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(json),
    };
    try {
      const response = await this.backends.sendRequest(
        { method: 'POST', path, headers, signal: AbortSignal.timeout(TIMEOUT_MS) },
        { write: (request) => request.end(json), repeatable: true, responseTimeoutMs: REPLICA_TIMEOUT_MS },
      );
      const answer = await text(response);
      return { status: response.statusCode ?? 0, body: answer === '' ? null : JSON.parse(answer) };
    } catch (error) {
      throw new LedgerUnavailable('no backend answers', { cause: error });
    }
  }
}
