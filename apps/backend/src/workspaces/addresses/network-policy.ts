import ipaddr from 'ipaddr.js';

/** Azure's metadata and DNS service: the one such address in the public range. */
const PLATFORM_SERVICES = ['168.63.129.16'];
/** All of public IPv6 lies here; whatever is outside embeds or translates other addresses, or is local. */
const PUBLIC_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

/** True for a plain public unicast address: not private, local, metadata, translated, mapped or reserved. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast' || PLATFORM_SERVICES.includes(parsed.toString())) return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(PUBLIC_IPV6);
}

/** `GIT_TRUSTED_HOSTS`: `host` trusts every port, `host:port` one; an IPv6 address stands in brackets. */
export class TrustedHosts {
  private readonly entries: ReadonlySet<string>;

  constructor(entries: readonly string[]) {
    this.entries = new Set(entries.map((entry) => entry.toLowerCase()));
  }

  has({ host, port }: { host: string; port: number }): boolean {
    const name = host.includes(':') ? `[${host}]` : host;
    return this.entries.has(name) || this.entries.has(`${name}:${port}`);
  }
}
