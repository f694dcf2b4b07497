import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { playSteps, type Stage } from './play.js';
import { ResponseStream } from './response-stream.js';
import { type Script, stepsToPlay } from './script.js';
import { readTurn, type Turn } from './turn.js';

interface ModelHandlerOptions {
  script: Script;
  /** 1: the speed of a real model; 0: without waiting. */
  pace: number;
  /** The bearer token that callers must send. */
  apiKey?: string | undefined;
  /** Called for every valid request. */
  onRequest?: (req: IncomingMessage, turn: Turn) => void;
  gate?: Stage['gate'];
}

interface LoopbackServer {
  /** For example `http://127.0.0.1:40123`. */
  origin: string;
  /** Stops listening and closes every connection. */
  close(): Promise<void>;
}

/** Serves on a loopback port; 0 takes a free one. */
export async function listenOnPort(handler: RequestListener, port = 0): Promise<LoopbackServer> {
  const server = createServer(handler);
  server.listen({ port, host: '127.0.0.1' });
  await once(server, 'listening');
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

const sendError = (res: ServerResponse, status: number, code: string, message: string) => {
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(JSON.stringify({ error: { message, type: 'invalid_request_error', code, param: null } }));
};

/** Serves the part of the Responses API that Codex uses. A script decides the responses. */
export function modelHandler(options: ModelHandlerOptions): RequestListener {
  const failures = new Map<string, number>();
  return (req, res) => {
    handleRequest(req, res, options, failures).catch(() => res.destroy());
  };
}

async function handleRequest(
  req: IncomingMessage,
  res: ServerResponse,
  { script, pace, apiKey, onRequest, gate = () => Promise.resolve() }: ModelHandlerOptions,
  failures: Map<string, number>,
): Promise<void> {
  if (apiKey !== undefined && req.headers.authorization !== `Bearer ${apiKey}`) {
    return sendError(res, 401, 'invalid_api_key', 'Incorrect API key provided.');
  }
  if (req.method !== 'POST' || !req.url?.endsWith('/responses')) {
    return sendError(res, 404, 'not_found', 'This server serves only POST …/responses.');
  }
  const disconnected = new AbortController();
  res.once('close', () => disconnected.abort());
  const turn = readTurn(await text(req));
  if (!turn) return sendError(res, 400, 'invalid_request', 'This is not a request of the Responses API.');
  onRequest?.(req, turn);
  const stream = new ResponseStream(res, turn.model, pace, disconnected.signal);
  const fails: Stage['fails'] = ({ index }, times) => {
    const place = `${turn.thread} ${turn.prompts.length} ${index}`;
    const failed = failures.get(place) ?? 0;
    failures.set(place, failed + 1);
    return failed < times;
  };
  const played = await playSteps(stepsToPlay(script, turn), { res, stream, gate, fails });
  if (played) await stream.sendCompleted(turn.inputTokens, cachedOf(turn));
}

/** From the second request on, a real server has most of a conversation in its cache. @returns tokens of the input */
export const cachedOf = ({ prompts, outputs, inputTokens }: Turn) =>
  prompts.length + outputs.length > 1 ? Math.floor(inputTokens * 0.9) : 0;
