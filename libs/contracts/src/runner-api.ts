import { z } from 'zod';
import { Network, NETWORK_OFF } from './network.js';
import { RunKind } from './runs.js';

/**
 * The runner's HTTP API: internal, with `Authorization: Bearer SERVICE_TOKEN`. camelCase, unlike the public API.
 * A thread belongs to one session and has its id; its state is in the session's folder, so that any runner can use it.
 *
 * Answers are open: the backend ignores what it does not know. Requests are closed: a runner that ignored a field of a newer
 * backend might ignore a limit. So upgrade runners before backends.
 */
export const CreateThread = z.strictObject({
  /** `WORKSPACES_ROOT/<session_id>/repo` */
  workingDirectory: z.string().min(1).max(4096),
  skipGitRepoCheck: z.boolean().default(true),
  tenantId: z.string().min(1).max(100).default('local'),
  model: z.string().max(100).nullish(),
});
export type CreateThread = z.input<typeof CreateThread>;

export const ThreadCreated = z.object({ threadId: z.string() });
export type ThreadCreated = z.infer<typeof ThreadCreated>;

export const StartRun = z.strictObject({
  threadId: z.uuid(),
  kind: RunKind.default('prompt'),
  /** The script, for a setup. */
  prompt: z.string().min(1).max(100_000),
  network: Network.default(NETWORK_OFF),
  /** Place in the queue, lowest first: how many runs of its tenant the runners then have. */
  priority: z.int().min(1).max(2_000_000).default(1),
  /** The same id again changes nothing. If it is left out, the runner creates one. */
  runId: z.uuid().optional(),
  /** Git tree of the workspace before the run; becomes a `checkpoint.created` event. */
  checkpoint: z.string().max(64).optional(),
  /** W3C traceparent of the request that started it. */
  traceparent: z.string().max(64).optional(),
});
export type StartRun = z.input<typeof StartRun>;

/**
 * Answer of `GET /runs/{runId}`. held: the run waits in the runners' queue, or a runner works on it. Otherwise it has ended,
 * or no runner knows it. A run's log is ended before the run stops being held, so a run that is not held and whose log has
 * no end was lost.
 */
export const RunHolding = z.object({ held: z.boolean() });
export type RunHolding = z.infer<typeof RunHolding>;

/** Answer (202) of `POST /runs` and of `POST /runs/{runId}/cancel`; the run's events show what happens next. */
export const RunStarted = z.object({ runId: z.uuid() });
export type RunStarted = z.infer<typeof RunStarted>;
