interface HostAndPort {
  /** As `normaliseHost` returns it. */
  host: string;
  port: number;
}

/** Hosts that the operator trusts: `host` with every port, `host:port` with one. IPv6 addresses are in brackets. */
export class TrustedHosts {
  private readonly entries: ReadonlySet<string>;

  constructor(entries: readonly string[]) {
    this.entries = new Set(entries.map((entry) => entry.toLowerCase()));
  }

  has(target: HostAndPort): boolean {
    return this.entries.has(written(target)) || this.hasPort(target);
  }

  /** Whether an entry names the host with this port. */
  hasPort(target: HostAndPort): boolean {
    return this.entries.has(`${written(target)}:${target.port}`);
  }
}

const written = ({ host }: HostAndPort) => (host.includes(':') ? `[${host}]` : host);
