import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { listenOn } from './ports.js';

/*
 * The network between two services, with its faults.
 *
 *     open ───────── passes bytes
 *     cut() ──────── resets every connection, new ones too: both sides notice
 *     freeze() ───── keeps connections and accepts new ones, but passes no byte: the other side is silent
 *     slow(ms) ───── delays every piece
 *     reset() ────── resets every connection once, new ones work
 *     hold(text) ─── stops the next connection that sends this text, before or after the text; others continue
 *     heal() ─────── opens again and passes on what was frozen or held
 *
 * Like a load balancer, it rotates over several targets and skips those that accept no connection.
 */
export class TcpProxy {
  /** Counts the connections that each fault affected, so that a spec can prove that the fault happened. */
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

  /** Stops a service between two consecutive steps. */
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

  /** The mode may have changed while the connection to the target was opened. */
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

  /** @param client identifies the connection, for both directions */
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
