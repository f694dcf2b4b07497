import { z } from 'zod';
import { Network, NETWORK_OFF } from './network.js';
import { RunKind } from './runs.js';

/**
 * The runner's HTTP API: internal, with `Authorization: Bearer SERVICE_TOKEN`. camelCase, unlike the public API.
 * A thread belongs to one session and has its id; its state lies in the session's folder, so that any runner can
 * take it up.
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
  /** Of a setup: its script. */
  prompt: z.string().min(1).max(100_000),
  network: Network.default(NETWORK_OFF),
  /** Place in the queue, lowest first: how many runs of its tenant the runners then have. */
  priority: z.int().min(1).max(2_000_000).default(1),
  /** Idempotency: the same id again changes nothing. Left out: the runner makes one. */
  runId: z.uuid().optional(),
  /** Git tree of the workspace before the run; becomes a `checkpoint.created` event. */
  checkpoint: z.string().max(64).optional(),
  /** W3C traceparent of what handed it over, for traces. */
  traceparent: z.string().max(64).optional(),
});
export type StartRun = z.input<typeof StartRun>;

/**
 * Answer of `GET /runs/{runId}`. held: it waits, or a runner works it; else it has ended, or no runner knows it. A run's
 * log is closed before it stops being held: one that is not held and whose log has no end was lost.
 */
export const RunHolding = z.object({ held: z.boolean() });
export type RunHolding = z.infer<typeof RunHolding>;

/** Answer (202) of `POST /runs` and of `POST /runs/{runId}/cancel`; what happens next shows in the run's events. */
export const RunStarted = z.object({ runId: z.uuid() });
export type RunStarted = z.infer<typeof RunStarted>;
