import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { EventData } from '@saas-codex/contracts/events';
import type { Network } from '@saas-codex/contracts/network';
import type {
  LimitReached,
  Reservation,
  ReserveModelCall,
  SettleModelCall,
} from '@saas-codex/contracts/model-calls';
import type { GrantedModelServer } from '@saas-codex/contracts/runner-api';
import type { Usage } from '@saas-codex/contracts/runs';
import type { Redactor } from '../redaction/redactor.js';
import { normaliseHost } from '@saas-codex/service-kit/network/host-name';
import { type RejectedCommand, RejectedCommands } from './rejected-commands.js';
import { findBreach, type RuleBreach } from './request-rules.js';
import type { Upstream } from './upstream.js';

/** Access to the model for the Codex of one run, until the run ends. */
export interface ModelAccess {
  /** Root of the Responses API as Codex sees it, e.g. `http://127.0.0.1:40123/v1`. */
  baseUrl: string;
  /** The run's own bearer token, never the real key. Null if the run has its own socket. */
  token: string | null;
  /** The number of calls that the model has not answered completely. */
  openCalls(): number;
  /** Ends the access and aborts every open call. */
  revoke(): Promise<void>;
}

export interface TokenAccess extends ModelAccess {
  token: string;
}

export interface ModelListener {
  /** Called after each response of the model with the run's total so far. */
  onUsage(usage: Usage): void;
  /**
   * Called with a sentence for a person: what went wrong and what to do. Codex may try again and succeed.
   * @param code of the error, where it is one of ours
   */
  onUpstreamError(sentence: string, code?: string | null): void;
  /** Called when a call waits since it would pass a cap of tokens or money. @param until when it stops waiting */
  onLimitReached(limit: LimitReached, until: Date): void;
  /** Called when that call may be sent after all. */
  onLimitLifted(): void;
  /** Called once for each host and port from which the model server was asked to fetch something. */
  onRefused(refusal: EventData<'network.refused'>): void;
  /** Called once for each command that Codex refused to start. */
  onRejectedCommand(rejected: RejectedCommand): void;
}

/** Where the calls of a metered run are reserved and settled. */
export interface RunLedger {
  /** How long a call waits at a cap. */
  limitWaitMs: number;
  /** @throws LedgerUnavailable */
  reserve(call: ReserveModelCall): Promise<Reservation>;
  settle(callId: string, end: SettleModelCall): void;
}

/** Whose calls these are, and what they may do. */
export interface ModelCaller {
  runId: string;
  tenantId: string;
  /** What the run's commands may reach. */
  network: Network;
  /** The only model that the run may use; null: the one that it asks for first, which is Codex's default. */
  model: string | null;
  /** Of the run's secrets, which the model server does not get. */
  redactor: Redactor;
  /** The organisation's own model server; null: the operator's. */
  modelServer: GrantedModelServer | null;
  /** Parent span of the calls. */
  traceparent: string | null;
  /** null: the calls are not counted, since no backend knows the run. */
  ledger: RunLedger | null;
}

/** Maximum `onRefused` calls per run. */
const MAX_REPORTED = 50;

const NO_USAGE: Usage = {
  input_tokens: 0,
  cached_input_tokens: 0,
  output_tokens: 0,
  reasoning_output_tokens: 0,
};

/** One run at the proxy: its identity, listener, usage and open calls. */
export class ModelRun {
  private readonly openCalls = new Set<AbortController>();
  private usage = NO_USAGE;
  private callCount = 0;
  private readonly bufferedByCall = new Map<IncomingMessage, number>();
  private bufferedBytes = 0;
  private readonly reported = new Set<string>();
  private readonly rejected = new RejectedCommands();
  private model: string | null;

  constructor(
    readonly caller: ModelCaller,
    readonly listener: ModelListener,
    /** Who answers its calls. */
    readonly upstream: Upstream,
  ) {
    this.model = caller.model;
  }

  get openCallCount(): number {
    return this.openCalls.size;
  }

  /** Starts a call, which the caller must end with `endCall`. `number` is unique within the run. */
  beginCall(): { abort: AbortController; number: number } {
    const abort = new AbortController();
    this.openCalls.add(abort);
    return { abort, number: ++this.callCount };
  }

  endCall(abort: AbortController, req: IncomingMessage): void {
    this.openCalls.delete(abort);
    this.bufferedBytes -= this.bufferedByCall.get(req) ?? 0;
    this.bufferedByCall.delete(req);
  }

  /** Counts buffered bytes of a request until `endCall`. @returns the buffered bytes of all open calls of the run */
  countBufferedBytes(req: IncomingMessage, bytes: number): number {
    this.bufferedByCall.set(req, (this.bufferedByCall.get(req) ?? 0) + bytes);
    return (this.bufferedBytes += bytes);
  }

  /**
   * Whether a request may be sent. The first request fixes the model: Codex sends it before any command of the run can. Other
   * models may have another price.
   * @returns null if it may
   */
  findBreach(request: Record<string, unknown>): RuleBreach | null {
    const { model } = request;
    if (typeof model !== 'string') return { sentence: 'The request names no model.' };
    const breach = findBreach(request, this.caller.network);
    if (breach !== null) return breach;
    this.model ??= model;
    return model === this.model ? null : { sentence: `This run may use only the model ${this.model}.` };
  }

  reportRejectedCommands(input: unknown): void {
    for (const command of this.rejected.newIn(input)) this.listener.onRejectedCommand(command);
  }

  /** Reports a URL that the model server may not fetch, unless the run's network is on: then it is not a network refusal. */
  reportRefusedUrl(url: string): void {
    const { mode } = this.caller.network;
    if (mode === 'on' || !URL.canParse(url)) return;
    const { protocol, hostname, port } = new URL(url);
    const host = normaliseHost(hostname);
    const key = `${host} ${port}`;
    if (host === null || this.reported.has(key) || this.reported.size >= MAX_REPORTED) return;
    this.reported.add(key);
    this.listener.onRefused({
      host,
      port: port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port),
      reason: mode === 'off' ? 'network_off' : 'host_not_allowed',
    });
  }

  abortCalls(): void {
    for (const abort of this.openCalls) abort.abort();
  }

  addUsage(used: Usage): void {
    this.usage = {
      input_tokens: this.usage.input_tokens + used.input_tokens,
      cached_input_tokens: this.usage.cached_input_tokens + used.cached_input_tokens,
      output_tokens: this.usage.output_tokens + used.output_tokens,
      reasoning_output_tokens: this.usage.reasoning_output_tokens + used.reasoning_output_tokens,
    };
    this.listener.onUsage(this.usage);
  }
}

const digest = (token: string) => createHash('sha256').update(token).digest('base64');

/**
 * The runs that may call a model now. Only digests of their tokens are stored and compared, so the time of a lookup reveals
 * nothing about a token.
 */
export class ModelRuns {
  private readonly byDigest = new Map<string, ModelRun>();

  /** Grants a run access until `revoke`. */
  grantAccess(run: ModelRun): { token: string; revoke(): void } {
    const token = `run-${randomBytes(32).toString('base64url')}`;
    const key = digest(token);
    this.byDigest.set(key, run);
    return {
      token,
      revoke: () => {
        this.byDigest.delete(key);
        run.abortCalls();
      },
    };
  }

  findByToken(token: string): ModelRun | undefined {
    return this.byDigest.get(digest(token));
  }

  revokeAll(): void {
    for (const run of this.byDigest.values()) run.abortCalls();
    this.byDigest.clear();
  }
}
