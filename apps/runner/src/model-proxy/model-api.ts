/*
 * The proxy's HTTP API for Codex, an allow-list of one route: Codex 0.163 with a custom provider sends only
 * `POST /v1/responses`. The handler does not know where it listens. On the loopback address that all runs share, a token
 * identifies the run. In a jail, the run's own socket does.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Logger } from '@nestjs/common';
import { traceIdOf } from '@saas-codex/service-kit/tracing/tracing';
import { forwardModelCall } from './forward.js';
import type { ModelRun, ModelRuns } from './model-access.js';
import { ModelCallError, sendModelError } from './model-error.js';
import type { ModelTelemetry } from './model-telemetry.js';

export const API_ROOT = '/v1';
const RESPONSES_PATH = `${API_ROOT}/responses`;

/** Codex makes one call at a time. Its sub-agents make some more. */
const MAX_CALLS_PER_RUN = 8;

const refuse = (status: number, code: string, message: string, headers = {}) =>
  new ModelCallError({ status, message, type: 'invalid_request_error', code, headers }, false);

const logger = new Logger('ModelProxy');

/** Returns the run that calls. @throws ModelCallError if there is none */
type IdentifyRun = (req: IncomingMessage) => ModelRun;

/** Identifies a run by its bearer token. */
export const identifyByToken =
  (runs: ModelRuns): IdentifyRun =>
  (req) => {
    const token = /^Bearer (\S+)$/.exec(req.headers.authorization ?? '')?.[1];
    const run = token === undefined ? undefined : runs.findByToken(token);
    if (run) return run;
    throw refuse(401, 'invalid_api_key', 'This token is not valid. Its run has ended.');
  };

export function modelApiHandler(identifyRun: IdentifyRun, telemetry: ModelTelemetry): RequestListener {
  return (req, res) => {
    handleCall({ req, res, identifyRun, telemetry }).catch((error: unknown) => {
      if (error instanceof ModelCallError) return sendModelError(res, error.answer);
      const disconnected = res.destroyed || req.destroyed;
      if (!disconnected)
        logger.error('a model call failed unexpectedly', error instanceof Error ? error.stack : undefined);
      res.destroy();
    });
  };
}

interface Exchange {
  req: IncomingMessage;
  res: ServerResponse;
  identifyRun: IdentifyRun;
  telemetry: ModelTelemetry;
}

async function handleCall({ req, res, identifyRun, telemetry }: Exchange): Promise<void> {
  const run = identifyRun(req);
  const path = req.url?.split('?')[0];
  if (path !== RESPONSES_PATH)
    throw refuse(404, 'not_found', 'The model proxy serves only the Responses API.');
  if (req.method !== 'POST') throw refuse(405, 'method_not_allowed', 'Use POST.', { allow: 'POST' });
  if (run.openCallCount >= MAX_CALLS_PER_RUN) {
    throw refuse(
      429,
      'rate_limit_exceeded',
      'This run has too many model calls at once. Try again when one has ended.',
      {
        'retry-after': '1',
      },
    );
  }
  const { abort, number } = run.beginCall();
  const call = telemetry.beginCall(run, number);
  res.once('close', () => res.writableFinished || abort.abort());
  try {
    await forwardModelCall({ req, res, run, upstream: run.upstream, call, signal: abort.signal });
    call.endCall(abort.signal.aborted ? 'given_up' : 'answered');
  } catch (error) {
    call.endCall(abort.signal.aborted ? 'given_up' : 'refused');
    if (error instanceof ModelCallError && error.reported) reportError(error, run);
    if (abort.signal.aborted) res.destroy();
    else throw error;
  } finally {
    run.endCall(abort, req);
  }
}

/** The log gets only what an operator needs, never the content of a conversation. */
function reportError({ answer: { status, code }, message }: ModelCallError, run: ModelRun): void {
  const trace_id = traceIdOf(run.caller.traceparent);
  const fields = { run_id: run.caller.runId, tenant_id: run.caller.tenantId, ...(trace_id && { trace_id }) };
  logger.warn({ message: `a model call failed: ${status} ${code ?? ''}`, ...fields });
  run.listener.onUpstreamError(message, code);
}
