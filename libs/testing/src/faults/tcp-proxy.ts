import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { listenOn } from './ports.js';

/*
 * The network between two services, as something that fails.
 *
 *     open ───────── passes bytes
 *     cut() ──────── every connection is reset, new ones are too: the other side is seen to be gone
 *     freeze() ───── connections stay and new ones are taken, but no byte passes: the other side is silent
 *     slow(ms) ───── every piece is late
 *     reset() ────── every connection is reset once, new ones work
 *     hold(text) ─── the connection that sends this text next stands still, before it or behind it; the others go on
 *     heal() ─────── open again; what was frozen or held arrives
 *
 * Of several targets the first that takes a connection gets it, each in its turn, as behind a load balancer.
 */
export class TcpProxy {
  /** What it did to connections: a fault that met nobody did not happen. */
  readonly met = { reset: 0, refused: 0, frozen: 0, delayed: 0, held: 0 };
  private readonly pairs = new Set<[Socket, Socket]>();
  private mode: 'open' | 'cut' | 'frozen' = 'open';
  private lateMs = 0;
  private trap: Trap | null = null;
  private readonly held = new Set<Socket>();
  private healed: Promise<unknown> = Promise.resolve();
  private heals: () => void = () => undefined;
  private turn = 0;

  private constructor(
    readonly name: string,
    private readonly server: Server,
    readonly port: number,
    private readonly targets: readonly number[],
  ) {}

  static async start(name: string, targets: readonly number[]): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: false });
    const port = await listenOn(server);
    const proxy = new TcpProxy(name, server, port, targets);
    server.on('connection', (client) => void proxy.accept(client));
    return proxy;
  }

  get connections(): number {
    return this.pairs.size;
  }

  cut(): void {
    this.mode = 'cut';
    this.reset();
  }

  freeze(): void {
    this.mode = 'frozen';
    this.waitForHealing();
  }

  /** Of a service that does one thing after the other, this is the boundary between two of them. */
  hold(place: Trap['place'], text: string): void {
    this.trap = { place, text };
    this.waitForHealing();
  }

  slow(ms: number): void {
    this.lateMs = ms;
  }

  reset(): void {
    for (const pair of this.pairs) {
      this.met.reset++;
      for (const socket of pair) socket.resetAndDestroy();
    }
    this.pairs.clear();
  }

  heal(): void {
    this.mode = 'open';
    this.lateMs = 0;
    this.trap = null;
    this.held.clear();
    this.heals();
  }

  async stop(): Promise<void> {
    this.heal();
    this.mode = 'cut';
    this.reset();
    this.server.close();
    await once(this.server, 'close');
  }

  private async accept(client: Socket): Promise<void> {
    client.on('error', () => undefined);
    if (this.mode === 'cut') {
      this.met.refused++;
      client.resetAndDestroy();
      return;
    }
    const target = await this.reach();
    if (!target || this.cutMeanwhile()) {
      client.resetAndDestroy();
      target?.destroy();
      return;
    }
    const pair: [Socket, Socket] = [client, target];
    this.pairs.add(pair);
    const end = () => {
      this.pairs.delete(pair);
      for (const socket of pair) socket.destroy();
    };
    for (const socket of pair) socket.setNoDelay(true).on('close', end);
    await Promise.all([this.pass(client, target, client), this.pass(target, client, client)]).catch(end);
  }

  private waitForHealing(): void {
    this.healed = new Promise<void>((resolve) => (this.heals = resolve));
  }

  /** The mode may have changed while a connection was made. */
  private cutMeanwhile(): boolean {
    return this.mode === 'cut';
  }

  private async reach(): Promise<Socket | null> {
    for (let tried = 0; tried < this.targets.length; tried++) {
      const port = this.targets[this.turn++ % this.targets.length] ?? 0;
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      const reached = await once(socket, 'connect').then(
        () => true,
        () => false,
      );
      if (reached) return socket;
    }
    return null;
  }

  /** @param client names the connection, in both directions */
  private async pass(from: Socket, to: Socket, client: Socket): Promise<void> {
    for await (const piece of from) {
      if (this.lateMs > 0) {
        this.met.delayed++;
        await delay(this.lateMs);
      }
      const sprung = from === client ? this.springs(piece as Buffer) : null;
      if (sprung === 'before') this.catch(client);
      while (this.mode === 'frozen' || this.held.has(client)) {
        this.met.frozen++;
        await this.healed;
      }
      if (to.destroyed) return;
      if (sprung === 'behind') this.catch(client);
      if (!to.write(piece as Buffer)) await once(to, 'drain');
    }
    to.end();
  }

  private springs(piece: Buffer): Trap['place'] | null {
    return this.trap && piece.includes(this.trap.text) ? this.trap.place : null;
  }

  private catch(client: Socket): void {
    this.trap = null;
    this.held.add(client);
    this.met.held++;
  }
}

interface Trap {
  place: 'before' | 'behind';
  text: string;
}
