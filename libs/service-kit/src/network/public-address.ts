import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';

/** Azure's metadata and DNS service: the one such address in the public range. */
const PLATFORM_SERVICES = ['168.63.129.16'];
/** All of public IPv6 lies here; whatever is outside embeds or translates other addresses, or is local. */
const PUBLIC_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');
/** This machine itself, and what answers on it for the platform below it. */
const LOCAL_RANGES = ['loopback', 'unspecified', 'linkLocal'];

/** True for a plain public unicast address: not private, local, metadata, translated, mapped or reserved. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast' || PLATFORM_SERVICES.includes(parsed.toString())) return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(PUBLIC_IPV6);
}

/** Those of this machine's interfaces, as `isOwnAddress` takes them. It is no small matter to ask for them. */
export function interfaceAddresses(): Set<string> {
  const own = Object.values(networkInterfaces()).flatMap((interfaces) => interfaces ?? []);
  return new Set(own.map(({ address }) => ipaddr.process(address).toString()));
}

/** True for addresses that lead to this machine: loopback, link-local, and those of its own interfaces. */
export function isOwnAddress(address: string, own: ReadonlySet<string>): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return LOCAL_RANGES.includes(parsed.range()) || own.has(parsed.toString());
}
