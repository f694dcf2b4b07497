import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';

/** Azure's metadata and DNS service, which has an address in the public range. */
const PLATFORM_SERVICES = ['168.63.129.16'];
/** Contains all of public IPv6. Addresses outside embed or translate others, or are local. */
const PUBLIC_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');
/** This machine, and services of the platform below it. */
const LOCAL_RANGES = ['loopback', 'unspecified', 'linkLocal'];

/** Whether an address is public unicast: not private, local, metadata, translated, mapped or reserved. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast' || PLATFORM_SERVICES.includes(parsed.toString())) return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(PUBLIC_IPV6);
}

/** The addresses of this machine's interfaces, for `isOwnAddress`. Reading them is expensive. */
export function interfaceAddresses(): Set<string> {
  const own = Object.values(networkInterfaces()).flatMap((interfaces) => interfaces ?? []);
  return new Set(own.map(({ address }) => ipaddr.process(address).toString()));
}

/** Whether an address leads to this machine: loopback, link-local, or one of its own interfaces. */
export function isOwnAddress(address: string, own: ReadonlySet<string>): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return LOCAL_RANGES.includes(parsed.range()) || own.has(parsed.toString());
}
