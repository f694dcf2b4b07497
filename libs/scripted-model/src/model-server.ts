import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { play, type Stage } from './play.js';
import { ResponseStream } from './response-stream.js';
import { type Script, stepsToPlay } from './script.js';
import { readTurn, type Turn } from './turn.js';

export interface ModelServerOptions {
  script: Script;
  /** 1: as a model writes; 0: without waiting. */
  pace: number;
  /** Callers must have this bearer token. */
  apiKey?: string | undefined;
  /** Told of every request that was understood. */
  onRequest?: (req: IncomingMessage, turn: Turn) => void;
  gate?: Stage['gate'];
}

const sendError = (res: ServerResponse, status: number, code: string, message: string) => {
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(JSON.stringify({ error: { message, type: 'invalid_request_error', code, param: null } }));
};

/** The Responses API as far as Codex uses it, answered by a script. */
export function modelServer(options: ModelServerOptions): RequestListener {
  const failures = new Map<string, number>();
  return (req, res) => {
    answer(req, res, options, failures).catch(() => res.destroy());
  };
}

async function answer(
  req: IncomingMessage,
  res: ServerResponse,
  { script, pace, apiKey, onRequest, gate = () => Promise.resolve() }: ModelServerOptions,
  failures: Map<string, number>,
): Promise<void> {
  if (apiKey !== undefined && req.headers.authorization !== `Bearer ${apiKey}`) {
    return sendError(res, 401, 'invalid_api_key', 'Incorrect API key provided.');
  }
  if (req.method !== 'POST' || !req.url?.endsWith('/responses')) {
    return sendError(res, 404, 'not_found', 'Only POST …/responses is served here.');
  }
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  const turn = readTurn(await text(req));
  if (!turn) return sendError(res, 400, 'invalid_request', 'This is not a request of the Responses API.');
  onRequest?.(req, turn);
  const stream = new ResponseStream(res, turn.model, pace, gone.signal);
  const fails: Stage['fails'] = ({ index }, times) => {
    const place = `${turn.thread} ${turn.prompts.length} ${index}`;
    const failed = failures.get(place) ?? 0;
    failures.set(place, failed + 1);
    return failed < times;
  };
  const played = await play(stepsToPlay(script, turn), { res, stream, gate, fails });
  if (played) await stream.complete(turn.inputTokens, cachedOf(turn));
}

/** A real server has most of a conversation in its cache from its second request on. */
const cachedOf = ({ prompts, outputs, inputTokens }: Turn) =>
  prompts.length + outputs.length > 1 ? Math.floor(inputTokens * 0.9) : 0;
