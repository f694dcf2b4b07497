import createOpenApiClient, { type Client } from 'openapi-fetch';
import { followRun, type FollowOptions, type RunLogEntry } from './follow-run.js';
import type { components, paths } from './schema.js';

export { ApiRefusal, type FollowOptions, type RunEvent, type RunLogEntry } from './follow-run.js';
export type { components, operations, paths } from './schema.js';

type Schemas = components['schemas'];
export type Session = Schemas['Session'];
export type Run = Schemas['Run'];
export type Problem = Schemas['Problem'];

export interface ClientOptions {
  /** Address of the installation, for example `https://codex.example.com`. */
  baseUrl: string;
  /** An API token. */
  token: string;
  /** Default: the global one. */
  fetch?: typeof fetch;
}

export interface SaasCodexClient {
  /**
   * Every operation of the API, typed by its address:
   *
   *     const { data, error } = await client.api.GET('/api/runs/{run_id}', { params: { path: { run_id } } });
   */
  api: Client<paths>;
  /**
   * The events of a run, from the first one or after `after`, live, up to its last one. Reconnects by itself and misses
   * nothing.
   * @throws ApiRefusal when the server refuses the request, which trying again would not change
   */
  followRun(runId: string, options?: FollowOptions): AsyncGenerator<RunLogEntry, void>;
}

/** A client of the REST API and of the event streams of runs. For Node 20 and later, and for browsers. */
export function createClient({ baseUrl, token, fetch: send = fetch }: ClientOptions): SaasCodexClient {
  const headers = { authorization: `Bearer ${token}` };
  return {
    api: createOpenApiClient<paths>({ baseUrl, headers, fetch: (request) => send(request) }),
    followRun(runId, options) {
      const url = new URL(`/api/runs/${encodeURIComponent(runId)}/events`, baseUrl);
      return followRun((init) => send(url, { ...init, headers: { ...headers, ...init.headers } }), options);
    },
  };
}
