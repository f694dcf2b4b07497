import type { RequestListener } from 'node:http';
import { type ConnectionHandlers, type Listener, listenOnSocket, type RunSocket } from './http-listener.js';

/**
 * The socket of a jail that has no run yet: it can be seen in the jail, and closes every connection. A run that takes over the
 * jail opens it.
 */
export class GatedSocket implements RunSocket, Listener {
  private handlers: ConnectionHandlers | null = null;

  private constructor(
    readonly origin: string,
    private readonly listening: Promise<Listener>,
  ) {}

  static async listen(path: string, origin: string): Promise<GatedSocket> {
    const request: RequestListener = (req, res) =>
      gate.handlers === null ? void req.socket.destroy() : gate.handlers.request(req, res);
    const connect: ConnectionHandlers['connect'] = (req, client, head) =>
      gate.handlers?.connect ? gate.handlers.connect(req, client, head) : void client.destroy();
    const gate: GatedSocket = new GatedSocket(origin, listenOnSocket({ request, connect }, path));
    await gate.listening;
    return gate;
  }

  serve(handlers: ConnectionHandlers): Promise<Listener> {
    this.handlers = handlers;
    return this.listening;
  }

  async close(): Promise<void> {
    await (await this.listening).close();
  }
}
