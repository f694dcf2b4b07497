import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SlowHost {
  /** `127.0.0.1:<port>` */
  host: string;
  /** A repository whose clone hangs until `refuse` is called. */
  url: string;
  /** How many requests wait. */
  waiting(): number;
  /** Responds with 404 to all waiting and future requests. */
  refuse(): void;
  stop(): Promise<void>;
}

/** A git host that lets clones wait, so that a test chooses the moment at which they fail. */
export async function startSlowHost(): Promise<SlowHost> {
  const waiting: ServerResponse[] = [];
  let refusing = false;
  const answer = (res: ServerResponse) => res.writeHead(404).end();
  const server = createServer((_, res) => void (refusing ? answer(res) : waiting.push(res)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}/slow.git`,
    waiting: () => waiting.length,
    refuse() {
      refusing = true;
      waiting.forEach(answer);
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
