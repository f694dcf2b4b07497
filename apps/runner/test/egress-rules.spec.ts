import type { NetworkInput } from '@saas-codex/contracts/network';
import { Network } from '@saas-codex/contracts/network';
import { DestinationError, Destinations } from '@saas-codex/service-kit/network/destinations';
import { allowedMethods } from '../src/sandbox/egress/network-rules.js';
import { parseAuthority, parseHttpUrl } from '../src/sandbox/egress/host-port.js';

/** The DNS of these tests. Nothing here connects to anything. */
const DNS: Record<string, string[]> = {
  'example.org': ['93.184.216.34', '2606:2800:220:1:248:1893:25c8:1946'],
  'xn--bcher-kva.example': ['93.184.216.35'],
  'half.example.org': ['93.184.216.34', '10.0.0.7'],
  'six.example.org': ['fd12:3456::1'],
  'mapped.example.org': ['::ffff:93.184.216.34'],
  'metadata.google.internal': ['169.254.169.254'],
  'registry.internal': ['10.1.2.3'],
  'turned.internal': ['127.0.0.1'],
  'turned-to-metadata.internal': ['169.254.169.254'],
  'with-port.internal': ['127.0.0.1'],
  localhost: ['127.0.0.1', '::1'],
};
const TRUSTED = [
  'registry.internal',
  'turned.internal',
  'turned-to-metadata.internal',
  'with-port.internal:4873',
  '10.9.9.9:80',
  '[fd00::9]',
];

const destinations = new Destinations(
  TRUSTED,
  {},
  { resolve: (host) => (DNS[host] ? Promise.resolve(DNS[host]) : Promise.reject(new Error('ENOTFOUND'))) },
);

/** The addresses to which a connection would go, or why there is none. */
async function verdict(authority: string): Promise<string> {
  const target = parseAuthority(authority, 443);
  if (target === null) return 'unreadable';
  try {
    return (await destinations.addressesOf(target, null)).join(' ');
  } catch (error) {
    if (error instanceof DestinationError) return error.reason;
    throw error;
  }
}

describe('a connection', () => {
  test.each([
    ['example.org', '93.184.216.34 2606:2800:220:1:248:1893:25c8:1946'],
    ['EXAMPLE.org.:8443', '93.184.216.34 2606:2800:220:1:248:1893:25c8:1946'],
    ['xn--bcher-kva.example', '93.184.216.35'],
    ['93.184.216.34', '93.184.216.34'],
    ['0x5db8d822', '93.184.216.34'],
    ['[2606:2800:220:1:248:1893:25C8:1946]:443', '2606:2800:220:1:248:1893:25c8:1946'],
    ['registry.internal', '10.1.2.3'],
    ['registry.internal:8080', '10.1.2.3'],
    ['with-port.internal:4873', '127.0.0.1'],
    ['10.9.9.9:80', '10.9.9.9'],
    ['[FD00::9]:1', 'fd00::9'],
    ['nowhere.example.org', 'host_unknown'],
  ])('to %s goes to %s', async (authority, addresses) => {
    expect(await verdict(authority)).toBe(addresses);
  });

  test.each([
    'localhost',
    'LOCALHOST.',
    '127.0.0.1',
    '127.0.0.1.',
    '127.0.0.1:39100',
    '127.1',
    '127.255.255.254',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '0X7F.0.0.1',
    '017700000001',
    '0177.0.0.1',
    '127.0.00000.1',
    '0',
    '0.0.0.0',
    '00.0x0',
    '10.0.0.1',
    '10.9.9.9:81',
    '10.1.2.3',
    '192.168.1.1',
    '172.16.0.1',
    '172.31.255.255',
    '100.64.0.1',
    '100.100.100.200',
    '169.254.169.254',
    '2852039166',
    '0xa9fea9fe',
    '0xa9.0xfe.0xa9.0xfe',
    '168.63.129.16',
    '192.0.2.1',
    '198.18.0.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '[::]',
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[::7f00:1]',
    '[::127.0.0.1]',
    '[::ffff:127.0.0.1]',
    '[::FFFF:7F00:1]',
    '[::ffff:169.254.169.254]',
    '[::ffff:8.8.8.8]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b:1::a00:1]',
    '[2002:7f00:1::]',
    '[2001::1]',
    '[2001:db8::1]',
    '[fe80::1]',
    '[fd00:ec2::254]',
    '[fec0::1]',
    '[ff02::1]',
    'half.example.org',
    'six.example.org',
    'mapped.example.org',
    'metadata.google.internal',
    'turned.internal',
    'turned-to-metadata.internal',
    'with-port.internal',
    'with-port.internal:4874',
  ])('to %s is refused', async (authority) => {
    expect(await verdict(authority)).toBe('address_not_public');
  });

  test.each([
    '',
    ':443',
    'example.org:',
    'example.org:0',
    'example.org:65536',
    'example.org:80:80',
    'example.org:+80',
    'example.org:0x50',
    'user@example.org',
    'example.org@127.0.0.1',
    'user:secret@127.0.0.1:80',
    'example.org/path',
    'example.org?x',
    'example.org#@127.0.0.1',
    'example.org\\@127.0.0.1',
    'example.org\t',
    'example.org ',
    'example..org',
    '-example.org',
    '[::1',
    '::1',
    '[fe80::1%25lo]',
    '[fe80::1%lo]',
    '[v1.x]',
    '256.1.1.1',
    '1.2.3.4.5',
    '%31%32%37.0.0.1',
    'b\u00fccher.example',
    '\uff11\uff12\uff17.0.0.1',
    '127\u30020\u30020\u30021',
    '\u2460\u2461\u2466.0.0.1',
    'xn--zz',
    'exam\u200bple.org',
  ])('to %j has no valid host', async (authority) => {
    expect(await verdict(authority)).toBe('unreadable');
  });
});

describe('an absolute request target', () => {
  test.each([
    ['http://example.org', { host: 'example.org', port: 80, path: '/' }],
    ['HTTP://EXAMPLE.org:8080/a?b=c', { host: 'example.org', port: 8080, path: '/a?b=c' }],
    ['http://example.org?x=@127.0.0.1', { host: 'example.org', port: 80, path: '/?x=@127.0.0.1' }],
    ['http://[::1]:1/http://other/', { host: '::1', port: 1, path: '/http://other/' }],
  ])('%s', (url, target) => expect(parseHttpUrl(url)).toEqual(target));

  test.each([
    'https://example.org/',
    'ftp://example.org/',
    'http:example.org',
    'http:/example.org',
    'http:///example.org',
    'http://user@example.org/',
    'http://example.org@127.0.0.1/',
    'http://example.org\\@127.0.0.1/',
    'http://example.org#@127.0.0.1/',
    'http://example.org/#x',
    'example.org:443',
    '//example.org/',
  ])('not %s', (url) => expect(parseHttpUrl(url)).toBeNull());
});

describe('the rules of a session', () => {
  const list: NetworkInput = {
    mode: 'allow_list',
    hosts: [
      { host: 'example.org' },
      { host: '*.pkg.example', methods: 'read' },
      { host: 'write.pkg.example' },
      { host: 'db.example:5432' },
      { host: '10.0.0.1' },
    ],
  };

  test.each([
    ['example.org:443', 'any'],
    ['example.org:80', 'any'],
    ['example.org:8443', null],
    ['sub.example.org:443', null],
    ['notexample.org:443', null],
    ['example.org.evil.example:443', null],
    ['a.pkg.example:443', 'read'],
    ['a.b.pkg.example:80', 'read'],
    ['pkg.example:443', null],
    ['evilpkg.example:443', null],
    ['write.pkg.example:443', 'any'],
    ['db.example:5432', 'any'],
    ['db.example:443', null],
    ['0x0a000001:80', 'any'],
  ])('allow %s: %s', (authority, methods) => {
    const target = parseAuthority(authority);
    expect(target && allowedMethods(Network.parse(list), target)).toBe(methods);
  });

  test('allow nothing or everything without a list', () => {
    const target = { host: 'example.org', port: 22 };
    expect(allowedMethods({ mode: 'off' }, target)).toBeNull();
    expect(allowedMethods({ mode: 'on' }, target)).toBe('any');
  });
});
