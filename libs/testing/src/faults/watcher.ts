import { setTimeout as delay } from 'node:timers/promises';
import { openSse, type SseClient } from '../sse-client.js';
import { waitFor } from '../wait-for.js';
import type { Client } from './client.js';

export interface Received {
  id: string;
  type: string;
  data: string;
}

/** The events of one connection, and the id after which it asked for them. */
export interface Connection {
  after: string;
  events: Received[];
}

const RETRY_MS = 100;

/**
 * A client that follows one run over any number of connections, like a browser: when it loses one, it reconnects with its
 * last event id. A spec can make it reconnect with an older one. It keeps all events that it receives.
 */
export class Watcher {
  readonly connections: Connection[] = [];
  /** How often a spec made it reconnect. */
  reconnects = 0;
  /** Status and body of every answer that was an error. */
  readonly refusals: string[] = [];
  private cursor = '0';
  private current: SseClient | null = null;
  private finished = false;
  private stopped = false;
  private running: Promise<void>;

  constructor(
    private readonly client: Pick<Client, 'url' | 'credential'>,
    readonly runId: string,
  ) {
    this.running = this.follow();
  }

  get received(): Received[] {
    return this.connections.flatMap(({ events }) => events);
  }

  /** Reconnects after an earlier event, chosen by `place` in [0, 1); 0 is the beginning. Also works after the end. */
  reconnect(place: number): void {
    const ids = ['0', ...new Set(this.received.map(({ id }) => id))];
    this.cursor = ids[Math.floor(place * ids.length)] ?? '0';
    this.reconnects++;
    this.current?.close();
    if (!this.finished) return;
    this.finished = false;
    this.running = this.running.then(() => this.follow());
  }

  /** Breaks the connection. The watcher reconnects with its last event id. */
  drop(): void {
    this.current?.close();
  }

  /** Stops reading; the connection stays open. */
  stall(): void {
    this.current?.response.pause();
  }

  readOn(): void {
    this.current?.response.resume();
  }

  /** Local port of the present connection. */
  get port(): number {
    return this.current?.response.socket.localPort ?? 0;
  }

  async until(type: string): Promise<void> {
    await waitFor(() => this.received.some((event) => event.type === type), {
      timeoutMs: 60_000,
      what: `${type} of run ${this.runId}`,
    });
  }

  /** Resolves when it has received the end of the log. */
  async ended(timeoutMs = 60_000): Promise<void> {
    await waitFor(() => this.finished, { timeoutMs, what: `the end of the stream of run ${this.runId}` });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.current?.close();
    await this.running;
  }

  private async follow(): Promise<void> {
    while (!this.stopped && !this.finished) {
      await this.connect().catch(() => undefined);
      if (!this.finished) await delay(RETRY_MS);
    }
  }

  private async connect(): Promise<void> {
    const after = this.cursor;
    const headers = { ...this.client.credential, 'last-event-id': after };
    const stream = await openSse(`${this.client.url}/api/runs/${this.runId}/events`, { headers });
    // Meanwhile a spec may have chosen another place to reconnect from.
    if (this.stopped || this.cursor !== after) return stream.close();
    this.current = stream;
    if (stream.status === 204) {
      // The connection broke between the last event and `end`, or a spec made it reconnect after the last event.
      this.finished = true;
      return stream.close();
    }
    if (stream.status !== 200) {
      await waitFor(() => stream.closed(), { what: 'the end of a refusal' });
      this.refusals.push(`${stream.status} ${stream.body()}`);
      return;
    }
    const connection: Connection = { after, events: [] };
    this.connections.push(connection);
    let taken = 0;
    const take = () => {
      for (; taken < stream.events.length; taken++) {
        const { id, event, data } = stream.events[taken] ?? { id: null, event: '', data: '' };
        if (event === 'end') this.finished = true;
        if (id === null || event === 'heartbeat' || event === 'end') continue;
        connection.events.push({ id, type: event, data });
        if (this.current === stream && this.cursor === (connection.events.at(-2)?.id ?? after))
          this.cursor = id;
      }
      return this.finished || stream.closed();
    };
    await waitFor(take, { timeoutMs: 3_600_000, what: 'the connection to end' });
    take();
    stream.close();
  }
}
