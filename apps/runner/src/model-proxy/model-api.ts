/**
 * What a run's Codex can ask the proxy, by allow-list. Codex 0.163 with a custom provider asks for nothing but
 * `POST /v1/responses`. The handler knows nothing about where it listens. Who calls is told by a token on
 * the loopback address that all runs share, and by the socket itself where a jail has one of its own.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Logger } from '@nestjs/common';
import { traceIdOf } from '@saas-codex/service-kit/tracing/tracing';
import { forward } from './forward.js';
import type { ModelRun, ModelRuns } from './model-access.js';
import { ModelCallError, sendModelError } from './model-error.js';
import type { ModelTelemetry } from './model-telemetry.js';
import type { Upstream } from './upstream.js';

export const API_ROOT = '/v1';
const RESPONSES_PATH = `${API_ROOT}/responses`;

/** Codex makes one call at a time; its sub-agents make some more. */
const MAX_CALLS_PER_RUN = 8;

const refuse = (status: number, code: string, message: string, headers = {}) =>
  new ModelCallError({ status, message, type: 'invalid_request_error', code, headers }, false);

const logger = new Logger('ModelProxy');

/** Tells which run calls. @throws ModelCallError when it is none */
type Authorise = (req: IncomingMessage) => ModelRun;

/** Whoever has a run's token is that run. */
export const byToken =
  (runs: ModelRuns): Authorise =>
  (req) => {
    const token = /^Bearer (\S+)$/.exec(req.headers.authorization ?? '')?.[1];
    const run = token === undefined ? undefined : runs.find(token);
    if (run) return run;
    throw refuse(401, 'invalid_api_key', 'This token is not valid: the run that it belonged to has ended.');
  };

export function modelApi(
  authorise: Authorise,
  upstream: Upstream,
  telemetry: ModelTelemetry,
): RequestListener {
  return (req, res) => {
    answer({ req, res, authorise, upstream, telemetry }).catch((error: unknown) => {
      if (error instanceof ModelCallError) return sendModelError(res, error.answer);
      const gone = res.destroyed || req.destroyed;
      if (!gone)
        logger.error('a model call failed unexpectedly', error instanceof Error ? error.stack : undefined);
      res.destroy();
    });
  };
}

interface Exchange {
  req: IncomingMessage;
  res: ServerResponse;
  authorise: Authorise;
  upstream: Upstream;
  telemetry: ModelTelemetry;
}

async function answer({ req, res, authorise, upstream, telemetry }: Exchange): Promise<void> {
  const run = authorise(req);
  const path = req.url?.split('?')[0];
  if (path !== RESPONSES_PATH)
    throw refuse(404, 'not_found', 'The model proxy serves the Responses API only.');
  if (req.method !== 'POST') throw refuse(405, 'method_not_allowed', 'Use POST.', { allow: 'POST' });
  if (run.callsUnderWay >= MAX_CALLS_PER_RUN) {
    throw refuse(429, 'rate_limit_exceeded', 'This run makes too many model calls at once.', {
      'retry-after': '1',
    });
  }
  const { abort, number } = run.beginCall();
  const call = telemetry.begin(run, number);
  res.once('close', () => res.writableFinished || abort.abort());
  try {
    await forward({ req, res, run, upstream, number, call, signal: abort.signal });
    call.end(abort.signal.aborted ? 'given_up' : 'answered');
  } catch (error) {
    call.end(abort.signal.aborted ? 'given_up' : 'refused');
    if (error instanceof ModelCallError && error.reported) report(error, run);
    if (abort.signal.aborted) res.destroy();
    else throw error;
  } finally {
    run.endCall(abort, req);
  }
}

/** The log gets what an operator needs; what was said, to and by the model, is nobody's business here. */
function report({ answer: { status, code }, message }: ModelCallError, run: ModelRun): void {
  const trace_id = traceIdOf(run.traceparent);
  const fields = { run_id: run.runId, tenant_id: run.tenantId, ...(trace_id && { trace_id }) };
  logger.warn({ message: `a model call failed: ${status} ${code ?? ''}`, ...fields });
  run.listener.onUpstreamError(message);
}
