/** The server of a page, played by the test: every `fetch` of the page becomes a connection that the test answers. */
export class FakeServer {
  readonly connections: FakeConnection[] = [];

  /** The latest connection. */
  get last(): FakeConnection {
    const last = this.connections.at(-1);
    if (!last) throw new Error('nothing has connected');
    return last;
  }

  readonly fetch = (url: string, init: RequestInit = {}): Promise<Response> => {
    const connection = new FakeConnection(url, init);
    this.connections.push(connection);
    return connection.response;
  };
}

class FakeConnection {
  private answer!: (response: Response) => void;
  private fail!: (error: Error) => void;
  private body: ReadableStreamDefaultController<Uint8Array> | null = null;
  readonly response: Promise<Response>;
  /** The event after which the page resumes. */
  readonly after: string | null;
  /** The page has closed it. */
  closed = false;

  constructor(
    readonly url: string,
    { headers, signal }: RequestInit,
  ) {
    this.after = new Headers(headers).get('last-event-id');
    this.response = new Promise((resolve, reject) => {
      this.answer = resolve;
      this.fail = reject;
    });
    signal?.addEventListener('abort', () => {
      this.closed = true;
      void this.lose();
    });
  }

  respond(response: Response): Promise<void> {
    this.answer(response);
    return settle();
  }

  /** Answers with an event stream. */
  open(): Promise<void> {
    return this.respond(new Response(new ReadableStream({ start: (body) => void (this.body = body) })));
  }

  send(type: string, id = '', data: unknown = {}): Promise<void> {
    const frame = `${id && `id: ${id}\n`}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
    this.body?.enqueue(new TextEncoder().encode(frame));
    return settle();
  }

  /** The connection breaks, before or after the answer. */
  lose(): Promise<void> {
    const error = new Error('connection lost');
    this.fail(error);
    this.body?.error(error);
    this.body = null;
    return settle();
  }
}

/** Lets promises and streams continue. Use fake timers with `REAL_STREAMS`, or it never returns. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Options of `jest.useFakeTimers` with which streams still flow. */
export const REAL_STREAMS = {
  doNotFake: ['nextTick' as const, 'queueMicrotask' as const, 'setImmediate' as const],
};

/** The parts of a browser's page that live updates use. */
export class FakePage extends EventTarget {
  private readonly document = Object.assign(new EventTarget(), { hidden: false });

  constructor(server: FakeServer) {
    super();
    Object.assign(globalThis, {
      fetch: server.fetch,
      document: this.document,
      requestAnimationFrame: (paint: () => void) => setTimeout(paint, 16),
      cancelAnimationFrame: clearTimeout,
      addEventListener: this.addEventListener.bind(this),
      removeEventListener: this.removeEventListener.bind(this),
    });
  }

  show(visible: boolean): void {
    this.document.hidden = !visible;
    this.document.dispatchEvent(new Event('visibilitychange'));
  }
}
