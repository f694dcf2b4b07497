import { Replicas } from '../src/replicas/replicas.js';

/** A clock and a DNS that the spec sets. */
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
  const order = async () => (await replicas.inOrder()).map(({ address, port }) => `${address}:${port}`);
  return { replicas, order, clock, asked, names };
}

const BOTH = ['10.0.0.1:8081', '10.0.0.2:8081'];

it('starts each request one further, through a list as through the addresses of a name', async () => {
  for (const urls of ['http://10.0.0.1:8081,http://10.0.0.2:8081', 'http://runner:8081']) {
    const { order } = world(urls, { runner: ['10.0.0.1', '10.0.0.2'] });
    expect([await order(), await order(), await order()]).toEqual([BOTH, BOTH.toReversed(), BOTH]);
  }
});

it('keeps a replica that took no connection for last, for a moment', async () => {
  const { replicas, order, clock } = world('http://10.0.0.1:8081,http://10.0.0.2:8081', {});
  const [first] = await replicas.inOrder();
  if (first) replicas.setAside(first, 'refused');
  expect(await order()).toEqual(BOTH.toReversed());
  expect(await order()).toEqual(BOTH.toReversed());
  clock.ms += 2_000;
  expect(await order()).toEqual(BOTH.toReversed());
  expect(await order()).toEqual(BOTH);
});

it('asks for a name again in the background, and uses no answer for longer than 30 s', async () => {
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

it('goes on with the names that can be resolved, and counts an address that has two names once', async () => {
  const { order } = world('http://a:1,http://b:1,http://c:1', { a: ['10.0.0.1'], b: ['10.0.0.1'] });
  expect(await order()).toEqual(['10.0.0.1:1']);
});

it('takes IPv6 addresses, and each protocol’s own port when none is named', async () => {
  const { replicas, asked } = world('http://[::1],https://10.0.0.1', {});
  expect(await replicas.inOrder()).toEqual([
    { protocol: 'http:', address: '::1', port: 80, name: '::1' },
    { protocol: 'https:', address: '10.0.0.1', port: 443, name: '10.0.0.1' },
  ]);
  expect(asked).toEqual([]);
});
