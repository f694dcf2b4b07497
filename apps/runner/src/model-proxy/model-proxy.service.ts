/**
 * The one place that holds the real model key.
 *
 *   Codex in a jail ── its own socket ──┐
 *   Codex elsewhere ── its own token ───┴► proxy ── the real key ──► OpenAI | a compatible server
 *                                            └───────────────────► demo model (scripted, in this process)
 *
 * Each run gets an access of its own, which works for the Responses API only and dies with the run: a socket that only its
 * jail can see, so that there is no secret in a jail at all, or else a token. A request is read whole before it is sent, since
 * a model server can be asked to reach what the run may not. The proxy reads the answers while they pass:
 * text as it grows, the tokens used, and what to tell a person when the upstream fails. A run's socket also serves
 * the egress proxy, which tells its requests by their form.
 */
import type { IncomingMessage, RequestListener } from 'node:http';
import type { Network } from '@saas-codex/contracts/network';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { startDemoModel } from '@saas-codex/scripted-model/demo/demo-model';
import {
  type Listener,
  listenOnLoopback,
  listenOnSocket,
  type RunSocket,
} from '../sandbox/listener/http-listener.js';
import type { ConnectionHandlers } from '../sandbox/listener/http-listener.js';
import {
  type ModelAccess,
  type ModelListener,
  ModelRun,
  ModelRuns,
  type TokenAccess,
} from './model-access.js';
import { API_ROOT, byToken, modelApi } from './model-api.js';
import { ModelTelemetry } from './model-telemetry.js';
import {
  type ModelProxySettings,
  type ModelSource,
  modelSourceOf,
  type Upstream,
  upstreamAt,
} from './upstream.js';

export const MODEL_PROXY_SETTINGS = Symbol('model proxy settings');

interface RunOwner {
  runId: string;
  tenantId: string;
  /** What its commands may reach. */
  network: Network;
  /** What its calls belong to in traces. */
  traceparent?: string | null;
}

interface Running {
  upstream: Upstream;
  baseUrl: string;
  listeners: Listener[];
}

/** A request to this very server, by its path alone. */
const isOriginForm = ({ url = '' }: IncomingMessage) => url.startsWith('/') || url === '*';

@Injectable()
export class ModelProxy implements OnModuleDestroy {
  readonly source: ModelSource;
  private readonly runs = new ModelRuns();
  private readonly sockets = new Set<Listener>();
  private running: Promise<Running> | undefined;

  constructor(
    @Inject(MODEL_PROXY_SETTINGS) private readonly settings: ModelProxySettings,
    private readonly telemetry: ModelTelemetry,
  ) {
    this.source = modelSourceOf(settings);
  }

  /** Lets a run's Codex call the model until `revoke`, with a token, at the address that all runs share. */
  async open(
    { runId, tenantId, network, traceparent }: RunOwner,
    listener: ModelListener,
  ): Promise<TokenAccess> {
    const { baseUrl } = await this.start();
    const { token, revoke } = this.runs.admit(
      new ModelRun(runId, tenantId, network, listener, traceparent ?? null),
    );
    return { baseUrl, token, revoke: async () => revoke() };
  }

  /**
   * The same at a socket of the run's own.
   * @param proxy what answers there to those who take it for a proxy (CONNECT, `http://…`); the model never does
   */
  async openSocket(
    { runId, tenantId, network, traceparent }: RunOwner,
    listener: ModelListener,
    socket: RunSocket,
    proxy: ConnectionHandlers,
  ): Promise<ModelAccess> {
    const { upstream } = await this.start();
    const run = new ModelRun(runId, tenantId, network, listener, traceparent ?? null);
    const { revoke } = this.runs.admit(run);
    const model = modelApi(() => run, upstream, this.telemetry);
    const request: RequestListener = (req, res) => (isOriginForm(req) ? model : proxy.request)(req, res);
    const own = await listenOnSocket({ ...proxy, request }, socket.path);
    this.sockets.add(own);
    return {
      baseUrl: `${socket.origin}${API_ROOT}`,
      token: null,
      revoke: async () => {
        revoke();
        if (this.sockets.delete(own)) await own.close();
      },
    };
  }

  async onModuleDestroy(): Promise<void> {
    this.runs.abortAll();
    const running = await this.running;
    this.running = undefined;
    const listeners = [...this.sockets, ...(running?.listeners ?? [])];
    this.sockets.clear();
    await Promise.all(listeners.map((listener) => listener.close()));
  }

  /** At the first use; a start that failed is tried again at the next. */
  private start(): Promise<Running> {
    return (this.running ??= this.listen().catch((error: unknown) => {
      this.running = undefined;
      throw error;
    }));
  }

  private async listen(): Promise<Running> {
    const { upstream, listeners } = await this.connect();
    const listener = await listenOnLoopback(modelApi(byToken(this.runs), upstream, this.telemetry));
    return { upstream, baseUrl: `${listener.origin}${API_ROOT}`, listeners: [listener, ...listeners] };
  }

  private async connect(): Promise<{ upstream: Upstream; listeners: Listener[] }> {
    const { CODEX_API_KEY, CODEX_BASE_URL, DEMO_PACE } = this.settings;
    if (this.source !== 'demo')
      return { upstream: upstreamAt(this.source, CODEX_BASE_URL, CODEX_API_KEY), listeners: [] };
    const demo = await startDemoModel({ pace: DEMO_PACE });
    return { upstream: upstreamAt('demo', demo.baseUrl, demo.apiKey), listeners: [demo] };
  }
}
