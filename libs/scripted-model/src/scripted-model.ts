/*
 * A Responses API on loopback that the real Codex accepts and whose responses are scripted. For tests, and as an example of
 * another Responses server for CODEX_BASE_URL.
 *
 *   prompt ─► first matching scenario ─► its steps ─► one response up to the next call ─► Codex ─► next request …
 *
 * `POST /gates/<name>` opens a gate, for tests in another process.
 */
import { EventEmitter, once } from 'node:events';
import type { RequestListener } from 'node:http';
import { listenOnPort, modelHandler } from './model-server.js';
import { type ScenarioInput, Scenarios, scriptOfScenarios } from './scenario.js';
import type { Turn } from './turn.js';

interface ScriptedRequest extends Turn {
  headers: NodeJS.Dict<string | string[]>;
}

export interface ScriptedModel {
  /** For CODEX_BASE_URL. */
  baseUrl: string;
  /** All requests so far. */
  requests: ScriptedRequest[];
  /** Lets every turn continue that waits at this gate, now or later. */
  openGate(name: string): void;
  close(): Promise<void>;
}

interface ScriptedModelOptions {
  scenarios: ScenarioInput[];
  /** 1: the speed of a real model; 0: without waiting. */
  pace?: number;
  port?: number;
  /** The bearer token that callers must send. */
  apiKey?: string;
}

export async function startScriptedModel(options: ScriptedModelOptions): Promise<ScriptedModel> {
  const requests: ScriptedRequest[] = [];
  const gates = new Gates();
  const serveModel = modelHandler({
    script: scriptOfScenarios(Scenarios.parse(options.scenarios)),
    pace: options.pace ?? 0,
    apiKey: options.apiKey,
    onRequest: (req, turn) => requests.push({ ...turn, headers: req.headers }),
    gate: (name, signal) => gates.waitForGate(name, signal),
  });
  const serve: RequestListener = (req, res) => {
    const gate = req.method === 'POST' ? /^\/gates\/([\w-]+)$/.exec(req.url ?? '')?.[1] : undefined;
    if (gate === undefined) return serveModel(req, res);
    gates.openGate(gate);
    res.writeHead(204).end();
  };
  const { origin, close } = await listenOnPort(serve, options.port);
  return { baseUrl: `${origin}/v1`, requests, openGate: (name) => gates.openGate(name), close };
}

class Gates {
  private readonly opened = new Set<string>();
  private readonly changes = new EventEmitter().setMaxListeners(0);

  openGate(name: string): void {
    this.opened.add(name);
    this.changes.emit(`open ${name}`);
  }

  async waitForGate(name: string, signal: AbortSignal): Promise<void> {
    if (!this.opened.has(name)) await once(this.changes, `open ${name}`, { signal });
  }
}
