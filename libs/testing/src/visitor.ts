import type { Run } from '@saas-codex/contracts/runs';
import { openSse, type SseClient } from './sse-client.js';
import type { System } from './system.js';
import { waitFor } from './wait-for.js';

/** Calls the API like a person's browser, with the cookie of a sign-in link. It keeps every answer. */
export class Visitor {
  /** The headers and body of every answer. */
  readonly answers: string[] = [];

  private constructor(
    private readonly url: string,
    /** `name=value`, as browsers send it. */
    readonly cookie: string,
  ) {}

  static async signIn({ url }: System, token: string): Promise<Visitor> {
    const response = await fetch(`${url}/api/auth/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    });
    const cookie = response.headers.getSetCookie()[0]?.split(';')[0];
    if (cookie === undefined) throw new Error(`not signed in: ${response.status} ${await response.text()}`);
    return new Visitor(url, cookie);
  }

  /** GET, or POST if there is a body. Accepts every status. @param options headers, and another `origin` to ask */
  ask<T>(path: string, body?: unknown, options: Record<string, string> = {}): Promise<T> {
    return this.send(body === undefined ? 'GET' : 'POST', path, body, options);
  }

  async send<T>(
    method: string,
    path: string,
    body?: unknown,
    { origin = this.url, ...headers }: Record<string, string> = {},
  ): Promise<T> {
    const response = await fetch(`${origin}${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      headers: { cookie: this.cookie, origin: this.url, 'content-type': 'application/json', ...headers },
    });
    const text = await response.text();
    this.answers.push(`${JSON.stringify([...response.headers])}\n${text}`);
    const isJson = /^application\/(problem\+)?json/.test(response.headers.get('content-type') ?? '');
    return (isJson ? JSON.parse(text) : {}) as T;
  }

  ended(runId: string): Promise<Run> {
    return waitFor(
      async () => {
        const run = await this.ask<Run>(`/api/runs/${runId}`);
        return run.ended_at === null ? undefined : run;
      },
      { what: `run ${runId} to end` },
    );
  }

  stream(path: string): Promise<SseClient> {
    return openSse(`${this.url}${path}`, { headers: { cookie: this.cookie } });
  }

  /** All events of an ended run, in order of arrival. */
  async eventsOf(runId: string): Promise<string> {
    const stream = await this.stream(`/api/runs/${runId}/events`);
    const events = await stream.until((seen) => seen.some(({ event }) => event === 'end'));
    stream.close();
    return JSON.stringify(events);
  }
}
