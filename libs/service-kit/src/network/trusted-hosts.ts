interface HostAndPort {
  /** As `normaliseHost` returns it. */
  host: string;
  port: number;
}

/** `host` trusts every port, `host:port` one; an IPv6 address stands in brackets. */
export class TrustedHosts {
  private readonly entries: ReadonlySet<string>;

  constructor(entries: readonly string[]) {
    this.entries = new Set(entries.map((entry) => entry.toLowerCase()));
  }

  has(target: HostAndPort): boolean {
    return this.entries.has(written(target)) || this.hasPort(target);
  }

  /** An entry names this very port. */
  hasPort(target: HostAndPort): boolean {
    return this.entries.has(`${written(target)}:${target.port}`);
  }
}

const written = ({ host }: HostAndPort) => (host.includes(':') ? `[${host}]` : host);
