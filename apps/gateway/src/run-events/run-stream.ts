import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { type EventId, toWireId } from '@saas-codex/contracts/event-ids';
import { HEADERS } from '@saas-codex/contracts/http';
import type { Upstream } from '../proxy/upstream.js';

/** Longer than the pause between the backend's heartbeats: a backend that is silent for so long is gone. */
const SILENCE_MS = 45_000;

/** The backend does not let this credential see the run, or the log has no such event. */
export class RefusedError extends Error {}

/** The events of one run at the backend, as seen with one client's credential. */
export class RunStream {
  private readonly headers: OutgoingHttpHeaders;

  /** @param headers of a client, for the backend. */
  constructor(
    private readonly upstream: Upstream,
    private readonly runId: string,
    headers: OutgoingHttpHeaders,
  ) {
    const { [HEADERS.lastEventId]: _, ...others } = headers;
    this.headers = { ...others, 'accept-encoding': 'identity' };
  }

  /**
   * The body of the answer is the events after `after`.
   * @throws RefusedError, and the errors of a connection that fails
   */
  async open(after: EventId): Promise<IncomingMessage> {
    const path = `/api/runs/${this.runId}/events?after=${toWireId(after)}`;
    const answer = await this.upstream.ask({ method: 'GET', path, headers: this.headers });
    // An error ends the body, which is all that its reader has to know.
    answer.on('error', () => undefined);
    answer.setTimeout(SILENCE_MS, () => answer.destroy());
    if (answer.statusCode === 200) return answer;
    answer.resume();
    const refused = (answer.statusCode ?? 500) < 500;
    throw new (refused ? RefusedError : Error)(`the backend answered ${answer.statusCode}`);
  }
}
