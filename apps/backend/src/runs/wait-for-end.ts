import { HEADERS } from '@saas-codex/contracts/http';
import type { Run } from '@saas-codex/contracts/runs';
import type { Response } from 'express';
import { parsePrefer } from '../api/prefer.js';
import type { RequestContext } from '../identity/request-context.js';
import type { RunsService } from './runs.service.js';

/** Proxies between client and gateway often give up on a silent answer after a minute. */
const MAX_WAIT_SECONDS = 60;

/** The header of requests that start a run, for the OpenAPI document. */
export const PREFER_WAIT = {
  name: HEADERS.prefer,
  required: false,
  description: `\`wait=N\`: respond when the run has ended, or after N seconds (${MAX_WAIT_SECONDS} at most) with the run as it is then`,
};

/** The header of their answers. */
export const WAITED = {
  'Preference-Applied': {
    description: '`wait=N`: how long was waited at most',
    schema: { type: 'string' as const },
  },
};

/** The run when it has ended, if the request asks to wait for that. */
export async function whenEnded(
  runs: RunsService,
  ctx: RequestContext,
  run: Run,
  { res, prefer }: { res: Response; prefer: string | undefined },
): Promise<Run> {
  const { wait } = parsePrefer(prefer);
  if (wait === undefined) return run;
  const seconds = Math.min(wait, MAX_WAIT_SECONDS);
  const waited = await runs.waitForEnd(ctx, run.run_id, closedOrAfter(res, seconds));
  if (waited) res.setHeader(HEADERS.preferenceApplied, `wait=${seconds}`);
  return waited ?? run;
}

/** Aborts after this time, or when the client has disconnected. */
function closedOrAfter(res: Response, seconds: number): AbortSignal {
  const closed = new AbortController();
  res.once('close', () => closed.abort());
  return AbortSignal.any([closed.signal, AbortSignal.timeout(seconds * 1000)]);
}
