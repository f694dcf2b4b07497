import { lookup as systemLookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/*
 * Where the replicas of a service are, and in which order a request tries them.
 *
 *     RUNNER_URL=http://a:8081,http://b:8081     a list: npm start
 *     RUNNER_URL=http://runner:8081              one name with several addresses: compose --scale, a headless Service
 *
 *     urls ── every name resolved, again and again ──► addresses ──► each request starts one further; those that took
 *                                                                    no connection or kept silent lately come last
 *
 * A replica that is set aside is tried all the same when there is no other.
 */

/** One process of a service. */
export interface Replica {
  protocol: 'http:' | 'https:';
  /** An IP address. */
  address: string;
  port: number;
  /** What it was called in the setting: Host and TLS go by it. */
  name: string;
}

export interface ReplicasOptions {
  /** @returns every IP address of a name */
  lookup?: (name: string) => Promise<string[]>;
  /** ms, of a clock that only goes on */
  now?: () => number;
}

/** For how long an answer of DNS counts as new; from then on it is asked for in the background. */
const FRESH_MS = 2_000;
/** For how long it is used at all: later its addresses may have gone to somebody else. */
const USABLE_MS = 30_000;
/** How long a replica comes last that took no connection, and one that took it and kept silent. */
const ASIDE_MS = { refused: 2_000, silent: 15_000 };

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
  private readonly aside = new Map<string, number>();
  private turn = 0;

  constructor(
    private readonly urls: URL[],
    { lookup = allAddresses, now = () => performance.now() }: ReplicasOptions = {},
  ) {
    this.lookup = lookup;
    this.now = now;
  }

  /**
   * All of them, each once, in the order in which this request should try them.
   * @throws Error when no name can be resolved
   */
  async inOrder(): Promise<Replica[]> {
    const answers = await Promise.allSettled(this.urls.map((url) => this.at(url)));
    const known = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (known.length === 0) throw firstError(answers);
    const all = [...new Map(known.map((replica) => [keyOf(replica), replica])).values()];
    const start = this.turn++ % all.length;
    const rotated = [...all.slice(start), ...all.slice(0, start)];
    return [
      ...rotated.filter((replica) => !this.isAside(replica)),
      ...rotated.filter((replica) => this.isAside(replica)),
    ];
  }

  /** For a while others are tried first. */
  setAside(replica: Replica, why: keyof typeof ASIDE_MS): void {
    this.aside.set(keyOf(replica), this.now() + ASIDE_MS[why]);
  }

  private isAside(replica: Replica): boolean {
    const until = this.aside.get(keyOf(replica));
    if (until === undefined) return false;
    if (until > this.now()) return true;
    this.aside.delete(keyOf(replica));
    return false;
  }

  private async at(url: URL): Promise<Replica[]> {
    // A URL has an IPv6 address in brackets, a socket wants it without.
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
    const answer = this.ask(name);
    if (!last || age >= USABLE_MS) return answer;
    answer.catch(() => undefined);
    return last.addresses;
  }

  /** One question at a time per name. */
  private ask(name: string): Promise<string[]> {
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
  return failed?.reason instanceof Error ? failed.reason : new Error('there is no replica');
}
