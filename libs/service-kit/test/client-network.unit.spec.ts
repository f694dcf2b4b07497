import { expect, it } from '@jest/globals';
import { clientNetwork } from '../src/network/client-network.js';

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:0DB8:1:2::9', '2001:db8:1:2'],
  ['2001:db8::9', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
])('counts %s as %s, so that nobody has more than one share', (address, network) => {
  expect(clientNetwork(address)).toBe(network);
});

it('counts clients without an address together', () => {
  expect(clientNetwork(undefined)).toBe('unknown');
});
