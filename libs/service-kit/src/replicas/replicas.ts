import { lookup as systemLookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/*
 * Finds the replicas of a service, and orders them for each request.
 *
 *     RUNNER_URL=http://a:8081,http://b:8081     a list: npm start
 *     RUNNER_URL=http://runner:8081              one name with several addresses: compose --scale, a headless Service
 *
 *     URLs ──► names are resolved repeatedly ──► addresses ──► each request starts with the next one (round robin);
 *                                                              those that failed recently come last
 */

/** One process of a service. */
export interface Replica {
  protocol: 'http:' | 'https:';
  /** An IP address. */
  address: string;
  port: number;
  /** Host in the setting, for the Host header and TLS. */
  name: string;
}

export interface ReplicasOptions {
  /** Returns all IP addresses of a name. */
  lookup?: (name: string) => Promise<string[]>;
  /** Monotonic time in ms. */
  now?: () => number;
}

/** How long a DNS answer is fresh. An older one is refreshed in the background. */
const FRESH_MS = 2_000;
/** How long a DNS answer is used at all. Later, its addresses may belong to other services. */
const USABLE_MS = 30_000;
/** How long a replica comes last: after it refused a connection, and after it accepted one and did not respond. */
const LAST_MS = { refused: 2_000, silent: 15_000 };

interface Resolved {
  addresses: string[];
  at: number;
}

export class Replicas {
  private readonly lookup: (name: string) => Promise<string[]>;
  private readonly now: () => number;
  private readonly resolved = new Map<string, Resolved>();
  private readonly resolving = new Map<string, Promise<string[]>>();
  /** Until when a replica comes last, by its key. */
  private readonly lastUntil = new Map<string, number>();
  private nextStart = 0;

  constructor(
    private readonly urls: URL[],
    { lookup = allAddresses, now = () => performance.now() }: ReplicasOptions = {},
  ) {
    this.lookup = lookup;
    this.now = now;
  }

  /**
   * Returns every replica once, in the order in which one request should try them.
   * @throws Error when no name can be resolved
   */
  async orderForRequest(): Promise<Replica[]> {
    const answers = await Promise.allSettled(this.urls.map((url) => this.replicasAt(url)));
    const known = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (known.length === 0) throw firstError(answers);
    const all = [...new Map(known.map((replica) => [keyOf(replica), replica])).values()];
    const start = this.nextStart++ % all.length;
    const rotated = [...all.slice(start), ...all.slice(0, start)];
    return [
      ...rotated.filter((replica) => !this.isLast(replica)),
      ...rotated.filter((replica) => this.isLast(replica)),
    ];
  }

  /** Puts a replica last for a while. It is still tried when no other works. */
  deprioritise(replica: Replica, why: keyof typeof LAST_MS): void {
    this.lastUntil.set(keyOf(replica), this.now() + LAST_MS[why]);
  }

  private isLast(replica: Replica): boolean {
    const until = this.lastUntil.get(keyOf(replica));
    if (until === undefined) return false;
    if (until > this.now()) return true;
    this.lastUntil.delete(keyOf(replica));
    return false;
  }

  private async replicasAt(url: URL): Promise<Replica[]> {
    // An IPv6 address has brackets in a URL, but not for a socket.
    const name = url.hostname.replace(/^\[|\]$/g, '');
    const protocol = url.protocol === 'https:' ? 'https:' : 'http:';
    const port = Number(url.port || (protocol === 'https:' ? 443 : 80));
    const addresses = isIP(name) ? [name] : await this.resolve(name);
    return addresses.map((address) => ({ protocol, address, port, name }));
  }

  private async resolve(name: string): Promise<string[]> {
    const last = this.resolved.get(name);
    const age = last ? this.now() - last.at : Infinity;
    if (last && age < FRESH_MS) return last.addresses;
    const answer = this.query(name);
    if (!last || age >= USABLE_MS) return answer;
    answer.catch(() => undefined);
    return last.addresses;
  }

  /** At most one DNS query at a time per name. */
  private query(name: string): Promise<string[]> {
    const present = this.resolving.get(name);
    if (present) return present;
    const answer = this.lookup(name)
      .then((addresses) => {
        this.resolved.set(name, { addresses, at: this.now() });
        return addresses;
      })
      .finally(() => this.resolving.delete(name));
    this.resolving.set(name, answer);
    return answer;
  }
}

const keyOf = ({ address, port }: Replica): string => `${address} ${port}`;

const allAddresses = async (name: string): Promise<string[]> =>
  (await systemLookup(name, { all: true })).map(({ address }) => address);

function firstError(answers: PromiseSettledResult<Replica[]>[]): Error {
  const failed = answers.find((answer) => answer.status === 'rejected');
  return failed?.reason instanceof Error ? failed.reason : new Error('there are no replicas');
}
