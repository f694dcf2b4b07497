/**
 * The one place that holds the real model key.
 *
 *   Codex ── the run's token ──► proxy ── the real key ──► OpenAI | a compatible server
 *                                  └───────────────────► demo model (scripted, in this process)
 *
 * Each run gets a token of its own, which works for the Responses API only and dies with the run. The proxy reads the
 * answers while they pass: text as it grows, the tokens used, and what to tell a person when the upstream fails.
 */
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { startDemoModel } from '../scripted-model/demo/demo-model.js';
import { type Listener, listenOnLoopback } from '../loopback/listen-on-loopback.js';
import { type ModelAccess, type ModelListener, ModelRun, ModelRuns } from './model-access.js';
import { API_ROOT, modelApi } from './model-api.js';
import {
  type ModelProxySettings,
  type ModelSource,
  modelSourceOf,
  type Upstream,
  upstreamAt,
} from './upstream.js';

export const MODEL_PROXY_SETTINGS = Symbol('model proxy settings');

interface Running {
  baseUrl: string;
  listeners: { close(): Promise<void> }[];
}

@Injectable()
export class ModelProxy implements OnModuleDestroy {
  readonly source: ModelSource;
  private readonly runs = new ModelRuns();
  private running: Promise<Running> | undefined;

  constructor(@Inject(MODEL_PROXY_SETTINGS) private readonly settings: ModelProxySettings) {
    this.source = modelSourceOf(settings);
  }

  /** Lets a run's Codex call the model until `revoke`. */
  async open(run: { runId: string; tenantId: string }, listen: ModelListener): Promise<ModelAccess> {
    const { baseUrl } = await (this.running ??= this.start().catch((error: unknown) => {
      this.running = undefined;
      throw error;
    }));
    return { baseUrl, ...this.runs.admit(new ModelRun(run.runId, run.tenantId, listen)) };
  }

  async onModuleDestroy(): Promise<void> {
    this.runs.abortAll();
    const running = await this.running;
    this.running = undefined;
    await Promise.all(running?.listeners.map((listener) => listener.close()) ?? []);
  }

  private async start(): Promise<Running> {
    const { upstream, listeners } = await this.connect();
    const listener: Listener = await listenOnLoopback(modelApi(this.runs, upstream));
    return { baseUrl: `${listener.origin}${API_ROOT}`, listeners: [listener, ...listeners] };
  }

  private async connect(): Promise<{ upstream: Upstream; listeners: { close(): Promise<void> }[] }> {
    const { CODEX_API_KEY, CODEX_BASE_URL, DEMO_PACE } = this.settings;
    if (this.source !== 'demo')
      return { upstream: upstreamAt(this.source, CODEX_BASE_URL, CODEX_API_KEY), listeners: [] };
    const demo = await startDemoModel({ pace: DEMO_PACE });
    return { upstream: upstreamAt('demo', demo.baseUrl, demo.apiKey), listeners: [demo] };
  }
}
