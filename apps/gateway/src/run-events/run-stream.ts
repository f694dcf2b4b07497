import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { type EventId, toWireId } from '@saas-codex/contracts/event-ids';
import { HEADERS } from '@saas-codex/contracts/http';
import type { BackendClient } from '../proxy/backend-client.js';

/** Longer than the interval of the backend's heartbeats. After that, the backend counts as lost. */
const SILENCE_TIMEOUT_MS = 45_000;

/** The credential may not see the run, or the log has no such event. */
export class RefusedError extends Error {}

/** Opens the backend's event stream of one run with one client's credential. */
export class RunStream {
  private readonly headers: OutgoingHttpHeaders;

  /** @param headers of the client's request, for the backend */
  constructor(
    private readonly backend: BackendClient,
    private readonly runId: string,
    headers: OutgoingHttpHeaders,
  ) {
    const { [HEADERS.lastEventId]: _, ...others } = headers;
    this.headers = { ...others, 'accept-encoding': 'identity' };
  }

  /**
   * @returns a response whose body is the events after `after`; null: that is the last one of an ended log
   * @throws RefusedError, or Error when no backend responds
   */
  async openStream(after: EventId): Promise<IncomingMessage | null> {
    const path = `/api/runs/${this.runId}/events?after=${toWireId(after)}`;
    const response = await this.backend.sendOwnRequest({ method: 'GET', path, headers: this.headers });
    // An error ends the body, and that is all its reader needs to know.
    response.on('error', () => undefined);
    response.setTimeout(SILENCE_TIMEOUT_MS, () => response.destroy());
    if (response.statusCode === 200) return response;
    response.resume();
    if (response.statusCode === 204) return null;
    const refused = (response.statusCode ?? 500) < 500;
    throw new (refused ? RefusedError : Error)(`the backend responded with ${response.statusCode}`);
  }
}
