import { WorkspaceLimits } from '../src/workspaces/workspace-limits.js';
import { TenantPlaces } from '../src/workspaces/history/tenant-places.js';

const limits = (changes: Partial<WorkspaceLimits>) => Object.assign(new WorkspaceLimits(), changes);
const forever = () => new Promise<never>(() => undefined);

test('a tenant whose work never ends takes only its own places', async () => {
  const places = new TenantPlaces(limits({ historyPlacesPerTenant: 2, historyPlaces: 3 }));
  for (let n = 0; n < 500; n++) void places.withPlace('hostile', forever);
  const done: number[] = [];
  await Promise.all([1, 2, 3].map((n) => places.withPlace('other', async () => done.push(n))));
  expect(done).toEqual([1, 2, 3]);
});

test('all tenants together take no more than the places of the process', async () => {
  const places = new TenantPlaces(limits({ historyPlacesPerTenant: 2, historyPlaces: 3 }));
  let atOnce = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++atOnce);
    await new Promise((resolve) => setImmediate(resolve));
    atOnce -= 1;
  };
  const tenants = ['a', 'b', 'c', 'd', 'e'].flatMap((tenant) => [tenant, tenant, tenant, tenant]);
  await Promise.all(tenants.map((tenant) => places.withPlace(tenant, work)));
  expect(most).toBe(3);
});

test('refuses readers of a tenant that waits too much already, but never its runs', async () => {
  const places = new TenantPlaces(limits({ historyPlacesPerTenant: 1, historyWaiting: 2 }));
  let finish = (): void => undefined;
  const first = places.withPlace('a', () => new Promise<void>((resolve) => (finish = resolve)));
  const waiting = [1, 2].map(() => places.withPlaceUnlessCrowded('a', async () => 'read'));
  await expect(places.withPlaceUnlessCrowded('a', async () => 'read')).rejects.toMatchObject({
    code: 'rate_limited',
  });
  expect(await places.withPlaceUnlessCrowded('b', async () => 'read')).toBe('read');
  const ofRun = places.withPlace('a', async () => 'recorded');
  finish();
  await first;
  expect(await Promise.all([...waiting, ofRun])).toEqual(['read', 'read', 'recorded']);
});
