import { isIPv6 } from 'node:net';

/**
 * What limits count a client by: its IPv4 address, or the /64 network of its IPv6 address, all of which one subscriber has.
 * @param address as Express gives it
 */
export function clientNetwork(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  const plain = address.replace(/%.*$/, '').replace(/^::ffff:(?=[\d.]+$)/i, '');
  if (!isIPv6(plain)) return plain;
  // The URL parser writes every spelling of an address in one way; `::` stands for as many zeros as are missing.
  const [head = '', tail] = new URL(`http://[${plain}]`).hostname.slice(1, -1).split('::');
  const groups = head === '' ? [] : head.split(':');
  const rest = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : 8 - groups.length - rest.length;
  return [...groups, ...Array<string>(zeros).fill('0'), ...rest].slice(0, 4).join(':');
}
