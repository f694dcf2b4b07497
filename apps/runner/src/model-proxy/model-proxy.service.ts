/*
 * The only code that has the real model keys.
 *
 *   Codex in a jail ── its own socket ──┐
 *   Codex elsewhere ── its own token ───┴► proxy ── the operator's key ──────► OpenAI | a compatible server
 *                                            ├───────────────────────────────► demo model (scripted, in this process)
 *                                            └── the organisation's own key ─► its own server, where it has one
 *
 * Each run gets its own access to the Responses API, which ends with the run. In a jail, that is a socket that only this jail
 * can see, so there is no secret in the jail. Elsewhere, it is a token. A request is read completely before it is sent, because
 * it could ask the model server to reach what the run may not. The proxy reads the responses while it streams them: the tokens
 * used, and the explanation when the upstream fails. A run's socket also serves the egress proxy, whose requests have another
 * form (CONNECT, `http://…`).
 */
import type { IncomingMessage, RequestListener } from 'node:http';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Destinations } from '@saas-codex/service-kit/network/destinations';
import { HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import { startDemoModel } from '@saas-codex/scripted-model/demo/demo-model';
import { type Listener, listenOnLoopback, type RunSocket } from '../sandbox/listener/http-listener.js';
import type { ConnectionHandlers } from '../sandbox/listener/http-listener.js';
import {
  type ModelAccess,
  type ModelCaller,
  type ModelListener,
  ModelRun,
  ModelRuns,
  type TokenAccess,
} from './model-access.js';
import { API_ROOT, identifyByToken, modelApiHandler } from './model-api.js';
import { ModelTelemetry } from './model-telemetry.js';
import {
  type ModelProxySettings,
  type ModelSource,
  modelSourceOf,
  type Upstream,
  upstreamAt,
  upstreamOfOrganisation,
} from './upstream.js';

export const MODEL_PROXY_SETTINGS = Symbol('model proxy settings');

interface Running {
  upstream: Upstream;
  baseUrl: string;
  listeners: Listener[];
}

/** Whether a request is for this server, not for a proxy: its target is only a path. */
const isOriginForm = ({ url = '' }: IncomingMessage) => url.startsWith('/') || url === '*';

/** The root of the Responses API at the socket of a jail, as Codex in it sees it. */
export const baseUrlAt = ({ origin }: RunSocket): string => `${origin}${API_ROOT}`;

@Injectable()
export class ModelProxy implements OnModuleDestroy {
  readonly source: ModelSource;
  private readonly runs = new ModelRuns();
  private readonly destinations: Destinations;
  private readonly sockets = new Set<Listener>();
  private running: Promise<Running> | undefined;

  constructor(
    @Inject(MODEL_PROXY_SETTINGS) private readonly settings: ModelProxySettings,
    private readonly telemetry: ModelTelemetry,
    resolver: HostResolver,
  ) {
    this.source = modelSourceOf(settings);
    this.destinations = new Destinations(settings.MODEL_TRUSTED_HOSTS ?? [], settings, resolver);
  }

  /** Grants a run's Codex access until `revoke`, by a token, at the address that all runs share. */
  async openTokenAccess(caller: ModelCaller, listener: ModelListener): Promise<TokenAccess> {
    const { baseUrl, upstream } = await this.ensureListening();
    const run = new ModelRun(caller, listener, this.upstreamFor(caller, upstream));
    const { token, revoke } = this.runs.grantAccess(run);
    return { baseUrl, token, openCalls: () => run.openCallCount, revoke: async () => revoke() };
  }

  /**
   * Grants a run's Codex access until `revoke`, at a socket of its own.
   * @param proxy handles the proxy requests at this socket (CONNECT, `http://…`)
   */
  async openSocketAccess(
    caller: ModelCaller,
    listener: ModelListener,
    socket: RunSocket,
    proxy: ConnectionHandlers,
  ): Promise<ModelAccess> {
    const { upstream } = await this.ensureListening();
    const run = new ModelRun(caller, listener, this.upstreamFor(caller, upstream));
    const { revoke } = this.runs.grantAccess(run);
    const model = modelApiHandler(() => run, this.telemetry);
    const request: RequestListener = (req, res) => (isOriginForm(req) ? model : proxy.request)(req, res);
    const own = await socket.serve({ ...proxy, request });
    this.sockets.add(own);
    return {
      baseUrl: baseUrlAt(socket),
      token: null,
      openCalls: () => run.openCallCount,
      revoke: async () => {
        revoke();
        if (this.sockets.delete(own)) await own.close();
      },
    };
  }

  async onModuleDestroy(): Promise<void> {
    this.runs.revokeAll();
    const running = await this.running;
    this.running = undefined;
    const listeners = [...this.sockets, ...(running?.listeners ?? [])];
    this.sockets.clear();
    await Promise.all(listeners.map((listener) => listener.close()));
  }

  private upstreamFor({ modelServer }: ModelCaller, ofOperator: Upstream): Upstream {
    if (modelServer === null) return ofOperator;
    return upstreamOfOrganisation(modelServer, this.destinations, this.settings);
  }

  /** Starts at the first use. After a failure, the next use tries again. */
  private ensureListening(): Promise<Running> {
    return (this.running ??= this.listen().catch((error: unknown) => {
      this.running = undefined;
      throw error;
    }));
  }

  private async listen(): Promise<Running> {
    const { upstream, listeners } = await this.chooseUpstream();
    const listener = await listenOnLoopback(modelApiHandler(identifyByToken(this.runs), this.telemetry));
    return { upstream, baseUrl: `${listener.origin}${API_ROOT}`, listeners: [listener, ...listeners] };
  }

  private async chooseUpstream(): Promise<{ upstream: Upstream; listeners: Listener[] }> {
    const { CODEX_API_KEY, CODEX_BASE_URL, DEMO_PACE } = this.settings;
    if (this.source !== 'demo')
      return {
        upstream: upstreamAt(this.source, CODEX_BASE_URL, CODEX_API_KEY, this.settings),
        listeners: [],
      };
    const demo = await startDemoModel({ pace: DEMO_PACE });
    return { upstream: upstreamAt('demo', demo.baseUrl, demo.apiKey), listeners: [demo] };
  }
}
