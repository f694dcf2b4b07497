import { SSE_HEARTBEAT } from '@saas-codex/contracts/sse-names';
import { createEventSource, type FetchLike } from 'eventsource-client';

/** An event as it came over the wire. */
export interface StreamMessage {
  /** Empty for an event without one. */
  id: string;
  type: string;
  /** JSON text. */
  data: string;
}

export interface ConnectionOptions {
  url: string;
  /** Continue after this event; null: from now. */
  after: string | null;
  onOpen: () => void;
  onMessage: (message: StreamMessage) => void;
  /** It has ended by itself. `refusal` is the `code` of the server's problem; null if the connection was lost. */
  onLost: (refusal: string | null) => void;
}

/** The server sends a heartbeat every 15 s. */
const SILENCE_MS = 40_000;

/**
 * One connection to a stream of server-sent events, from its opening until it is lost, refused, or silent for 40 s.
 * When to connect again is up to the caller: `eventsource-client` knows only a fixed delay.
 * @returns closes it
 */
export function openEventConnection({ url, after, ...on }: ConnectionOptions): () => void {
  let open = true;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let refusal: string | null = null;
  const request: FetchLike = async (address, init) => {
    const response = await fetch(address, init);
    if (response.ok) return response;
    refusal = await problemCode(response);
    throw new Error(refusal);
  };
  const close = () => {
    open = false;
    clearTimeout(silence);
    source.close();
  };
  const lose = () => {
    if (!open) return;
    close();
    on.onLost(refusal);
  };
  const watchSilence = () => {
    clearTimeout(silence);
    silence = setTimeout(lose, SILENCE_MS);
  };
  const source = createEventSource({
    url,
    initialLastEventId: after ?? undefined,
    fetch: request,
    onConnect: () => {
      if (!open) return;
      watchSilence();
      on.onOpen();
    },
    onMessage: ({ id = '', event = 'message', data }) => {
      if (!open) return;
      watchSilence();
      if (event !== SSE_HEARTBEAT) reporting(() => on.onMessage({ id, type: event, data }));
    },
    onScheduleReconnect: lose,
  });
  watchSilence();
  return close;
}

/** The library would take an error of ours for a lost connection. */
function reporting(handle: () => void): void {
  try {
    handle();
  } catch (error) {
    reportError(error);
  }
}

async function problemCode(response: Response): Promise<string> {
  const problem = (await response.json().catch(() => null)) as { code?: unknown } | null;
  return typeof problem?.code === 'string' ? problem.code : `status_${response.status}`;
}
