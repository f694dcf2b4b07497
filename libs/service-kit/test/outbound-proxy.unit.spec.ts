import { readExtraCertificates } from '../src/network/certificates.js';
import { OutboundProxy, proxyAuthorization } from '../src/network/outbound-proxy.js';

const NO_PROXY = [
  'example.org',
  '.dot.example',
  '*.star.example',
  'port.example:8080',
  '10.0.0.0/8',
  '192.0.2.7',
  'fd00::/8',
];
const settings = { HTTP_PROXY: 'http://plain:3128', HTTPS_PROXY: 'http://secure:3128', NO_PROXY };

test.each([
  ['example.org', 443, true],
  ['git.example.org', 443, true],
  ['notexample.org', 443, false],
  ['dot.example', 443, true],
  ['a.dot.example', 443, true],
  ['a.star.example', 443, true],
  ['port.example', 8080, true],
  ['port.example', 443, false],
  ['10.1.2.3', 443, true],
  ['11.1.2.3', 443, false],
  ['192.0.2.7', 80, true],
  ['192.0.2.8', 80, false],
  ['fd00::1', 443, true],
  ['2001:db8::1', 443, false],
  ['localhost', 80, true],
  ['127.0.0.2', 80, true],
  ['::1', 80, true],
])('%s:%d is reached directly: %s', (host, port, directly) => {
  const proxies = new OutboundProxy(settings);
  expect(proxies.proxyFor('https', { host, port })?.host ?? null).toBe(directly ? null : 'secure:3128');
  expect(proxies.proxyFor('http', { host, port })?.host ?? null).toBe(directly ? null : 'plain:3128');
});

test('an asterisk exempts every host, and without a proxy all are reached directly', () => {
  const target = { host: 'example.com', port: 443 };
  expect(new OutboundProxy({ ...settings, NO_PROXY: ['*'] }).proxyFor('https', target)).toBeNull();
  expect(new OutboundProxy({}).proxyFor('https', target)).toBeNull();
});

test('credentials of a proxy are decoded', () => {
  const { 'proxy-authorization': header } = proxyAuthorization(new URL('http://a%40b:c%3Ad@proxy'));
  expect(header).toBe(`Basic ${Buffer.from('a@b:c:d').toString('base64')}`);
  expect(proxyAuthorization(new URL('http://proxy'))).toEqual({});
});

test('a file without certificates is refused by the name of its setting', async () => {
  for (const file of [import.meta.filename, '/no/such/file'])
    await expect(readExtraCertificates(file)).rejects.toThrow(/^NODE_EXTRA_CA_CERTS: .* cannot be read/);
  expect(await readExtraCertificates(undefined)).toBeNull();
});
