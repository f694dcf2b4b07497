import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { EventData } from '@saas-codex/contracts/events';
import type { Network } from '@saas-codex/contracts/network';
import type { Usage } from '@saas-codex/contracts/runs';
import { normaliseHost } from '@saas-codex/service-kit/network/host-name';

/** What one run's Codex is given: a way to the model that works for this run only, while it lives. */
export interface ModelAccess {
  /** Root of the Responses API as Codex sees it, e.g. `http://127.0.0.1:40123/v1`. */
  baseUrl: string;
  /** The run's own bearer token, never the real key; null on a socket of its own. */
  token: string | null;
  /** Ends the access and every call that is still under way. */
  revoke(): Promise<void>;
}

export interface TokenAccess extends ModelAccess {
  token: string;
}

/** A piece of a text that the model is writing. */
export interface ModelDelta {
  itemType: 'agent_message' | 'reasoning';
  /** Names one growing text within the run. */
  streamId: string;
  /** What was added. */
  text: string;
}

export interface ModelListener {
  onDelta(delta: ModelDelta): void;
  /** The run's total so far, after each answer of the model. */
  onUsage(usage: Usage): void;
  /** A sentence for a person: what went wrong and what to do. Codex may try again and succeed. */
  onUpstreamError(sentence: string): void;
  /** The model server should have fetched something there. Once for each host and port. */
  onRefused(refusal: EventData<'network.refused'>): void;
}

const MAX_TOLD = 50;

const NO_USAGE: Usage = {
  input_tokens: 0,
  cached_input_tokens: 0,
  output_tokens: 0,
  reasoning_output_tokens: 0,
};

/** One run at the proxy: who it is, who listens, what it used, and its calls under way. */
export class ModelRun {
  private readonly calls = new Set<AbortController>();
  private usage = NO_USAGE;
  private answers = 0;
  private readonly held = new Map<IncomingMessage, number>();
  private heldBytes = 0;
  private readonly told = new Set<string>();

  constructor(
    readonly runId: string,
    readonly tenantId: string,
    readonly network: Network,
    readonly listener: ModelListener,
    /** What its calls belong to in traces. */
    readonly traceparent: string | null,
  ) {}

  get callsUnderWay(): number {
    return this.calls.size;
  }

  /** Starts a call; `number` is unique within the run. Every call must be ended with `endCall`. */
  beginCall(): { abort: AbortController; number: number } {
    const abort = new AbortController();
    this.calls.add(abort);
    return { abort, number: ++this.answers };
  }

  endCall(abort: AbortController, req: IncomingMessage): void {
    this.calls.delete(abort);
    this.heldBytes -= this.held.get(req) ?? 0;
    this.held.delete(req);
  }

  /** Counts bytes of a request that are kept here. @returns how many there are of all of the run's calls */
  hold(req: IncomingMessage, bytes: number): number {
    this.held.set(req, (this.held.get(req) ?? 0) + bytes);
    return (this.heldBytes += bytes);
  }

  /** With the network on it is no matter of the network that the model server fetches nothing. */
  tellRefused(url: string): void {
    if (this.network.mode === 'on' || !URL.canParse(url)) return;
    const { protocol, hostname, port } = new URL(url);
    const host = normaliseHost(hostname);
    const key = `${host} ${port}`;
    if (host === null || this.told.has(key) || this.told.size >= MAX_TOLD) return;
    this.told.add(key);
    this.listener.onRefused({
      host,
      port: port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port),
      reason: this.network.mode === 'off' ? 'network_off' : 'host_not_allowed',
    });
  }

  abortCalls(): void {
    for (const abort of this.calls) abort.abort();
  }

  meter(used: Usage): void {
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
 * The runs that may call a model now. Only a token's SHA-256 is kept: what is looked up is a digest, so that the time of
 * a look-up tells nothing about a token.
 */
export class ModelRuns {
  private readonly byDigest = new Map<string, ModelRun>();

  /** Lets a run in until `revoke`. */
  admit(run: ModelRun): { token: string; revoke(): void } {
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

  find(token: string): ModelRun | undefined {
    return this.byDigest.get(digest(token));
  }

  abortAll(): void {
    for (const run of this.byDigest.values()) run.abortCalls();
    this.byDigest.clear();
  }
}
