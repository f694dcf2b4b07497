import { Replicas } from '../src/replicas/replicas.js';

/** A clock and DNS that the spec controls. */
function world(urls: string, names: Record<string, string[]>) {
  const clock = { ms: 0 };
  const asked: string[] = [];
  const replicas = new Replicas(
    urls.split(',').map((url) => new URL(url)),
    {
      now: () => clock.ms,
      lookup: (name) => {
        asked.push(name);
        const addresses = names[name];
        return addresses ? Promise.resolve(addresses) : Promise.reject(new Error(`no ${name}`));
      },
    },
  );
  const order = async () =>
    (await replicas.orderForRequest()).map(({ address, port }) => `${address}:${port}`);
  return { replicas, order, clock, asked, names };
}

const BOTH = ['10.0.0.1:8081', '10.0.0.2:8081'];

it('starts each request with the next replica, for a list of URLs and for a name with several addresses', async () => {
  for (const urls of ['http://10.0.0.1:8081,http://10.0.0.2:8081', 'http://runner:8081']) {
    const { order } = world(urls, { runner: ['10.0.0.1', '10.0.0.2'] });
    expect([await order(), await order(), await order()]).toEqual([BOTH, BOTH.toReversed(), BOTH]);
  }
});

it('puts a replica that refused a connection last for a moment', async () => {
  const { replicas, order, clock } = world('http://10.0.0.1:8081,http://10.0.0.2:8081', {});
  const [first] = await replicas.orderForRequest();
  if (first) replicas.deprioritise(first, 'refused');
  expect(await order()).toEqual(BOTH.toReversed());
  expect(await order()).toEqual(BOTH.toReversed());
  clock.ms += 2_000;
  expect(await order()).toEqual(BOTH.toReversed());
  expect(await order()).toEqual(BOTH);
});

it('resolves a name again in the background, and uses no DNS answer for longer than 30 s', async () => {
  const { order, clock, asked, names } = world('http://runner:8081', { runner: ['10.0.0.1'] });
  expect(await Promise.all([order(), order()])).toEqual([['10.0.0.1:8081'], ['10.0.0.1:8081']]);
  clock.ms = 1_999;
  await order();
  expect(asked).toHaveLength(1);
  names['runner'] = ['10.0.0.2'];
  clock.ms = 2_000;
  expect(await order()).toEqual(['10.0.0.1:8081']);
  expect(await order()).toEqual(['10.0.0.2:8081']);
  expect(asked).toHaveLength(2);
  delete names['runner'];
  clock.ms = 31_999;
  expect(await order()).toEqual(['10.0.0.2:8081']);
  clock.ms = 32_000;
  await expect(order()).rejects.toThrow('no runner');
});

it('uses the names that can be resolved, and an address with two names only once', async () => {
  const { order } = world('http://a:1,http://b:1,http://c:1', { a: ['10.0.0.1'], b: ['10.0.0.1'] });
  expect(await order()).toEqual(['10.0.0.1:1']);
});

it('accepts IPv6 addresses, and uses the default port of each protocol', async () => {
  const { replicas, asked } = world('http://[::1],https://10.0.0.1', {});
  expect(await replicas.orderForRequest()).toEqual([
    { protocol: 'http:', address: '::1', port: 80, name: '::1' },
    { protocol: 'https:', address: '10.0.0.1', port: 443, name: '10.0.0.1' },
  ]);
  expect(asked).toEqual([]);
});
