/**
 * A Responses API on loopback that the real Codex accepts and that does what its scenarios say: for tests, and as
 * "another Responses server" to point CODEX_BASE_URL to.
 *
 *   prompt ─► the first scenario that matches ─► its steps ─► one answer up to the next call ─► Codex ─► and so on
 *
 * `POST /gates/<name>` opens a gate, for tests in another process.
 */
import { EventEmitter, once } from 'node:events';
import type { RequestListener } from 'node:http';
import { listenOnLoopback } from './listen.js';
import { modelServer } from './model-server.js';
import { type ScenarioInput, Scenarios, scriptOf } from './scenario.js';
import type { Turn } from './turn.js';

interface ScriptedRequest extends Turn {
  headers: NodeJS.Dict<string | string[]>;
}

export interface ScriptedModel {
  /** To be used as CODEX_BASE_URL. */
  baseUrl: string;
  /** Every request so far. */
  requests: ScriptedRequest[];
  /** Lets every turn go on that waits at this gate, now or later. */
  openGate(name: string): void;
  close(): Promise<void>;
}

export interface ScriptedModelOptions {
  scenarios: ScenarioInput[];
  /** 1: as a model writes; 0: without waiting. */
  pace?: number;
  port?: number;
  /** Callers must have this bearer token. */
  apiKey?: string;
}

export async function startScriptedModel(options: ScriptedModelOptions): Promise<ScriptedModel> {
  const requests: ScriptedRequest[] = [];
  const gates = new Gates();
  const serveModel = modelServer({
    script: scriptOf(Scenarios.parse(options.scenarios)),
    pace: options.pace ?? 0,
    apiKey: options.apiKey,
    onRequest: (req, turn) => requests.push({ ...turn, headers: req.headers }),
    gate: (name, signal) => gates.pass(name, signal),
  });
  const serve: RequestListener = (req, res) => {
    const gate = req.method === 'POST' ? /^\/gates\/([\w-]+)$/.exec(req.url ?? '')?.[1] : undefined;
    if (gate === undefined) return serveModel(req, res);
    gates.open(gate);
    res.writeHead(204).end();
  };
  const { origin, close } = await listenOnLoopback(serve, options.port);
  return { baseUrl: `${origin}/v1`, requests, openGate: (name) => gates.open(name), close };
}

class Gates {
  private readonly opened = new Set<string>();
  private readonly changes = new EventEmitter().setMaxListeners(0);

  open(name: string): void {
    this.opened.add(name);
    this.changes.emit(`open ${name}`);
  }

  async pass(name: string, signal: AbortSignal): Promise<void> {
    if (!this.opened.has(name)) await once(this.changes, `open ${name}`, { signal });
  }
}
