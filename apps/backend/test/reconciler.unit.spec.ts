import { waitFor } from '@saas-codex/testing/wait-for';
import {
  type Due,
  Reconciler,
  type ReconcilerOptions,
  type ReconcileResult,
} from '../src/reconcile/reconciler.js';

interface Item {
  key: string;
  tenant?: string;
}
type End = ReconcileResult | Error;

interface Call {
  key: string;
  signal: AbortSignal;
  finish: (end: End) => void;
}

/** A reconciler whose work and pauses end when the test says so. It starts at midnight. */
class TestReconciler extends Reconciler<Item> {
  readonly calls: Call[] = [];
  readonly pauses: { ms: number; end: () => void }[];
  readonly logged: string[];
  scans = 0;

  constructor(
    private readonly pages: Due<Item>[][] = [],
    options: Partial<ReconcilerOptions<Item>> = {},
  ) {
    const pauses: TestReconciler['pauses'] = [];
    const logged: string[] = [];
    super({
      keyOf: ({ key }) => key,
      tenantOf: ({ tenant = 'one' }) => tenant,
      places: { total: 10, perTenant: 10 },
      scanEveryMs: 1_000,
      logger: { error: ({ message }: { message: string }) => logged.push(message) },
      timing: {
        now: () => 0,
        retryAfterMs: (failures) => failures,
        delay: (ms, signal) =>
          new Promise<void>((resolve) => {
            if (signal.aborted) return resolve();
            pauses.push({ ms, end: resolve });
            signal.addEventListener('abort', () => resolve());
          }),
      },
      ...options,
    });
    this.pauses = pauses;
    this.logged = logged;
  }

  protected async *scan() {
    this.scans += 1;
    yield* this.pages;
  }

  protected reconcile({ key }: Item, signal: AbortSignal): Promise<ReconcileResult> {
    return new Promise((resolve, reject) => {
      const finish = (end: End) => (end instanceof Error ? reject(end) : resolve(end));
      this.calls.push({ key, signal, finish });
    });
  }

  call = (number: number) => waitFor(() => this.calls[number - 1]);
  pausing = (ms: number) => waitFor(() => this.pauses.find((pause) => pause.ms === ms));
  get keys(): string[] {
    return this.calls.map(({ key }) => key);
  }
}

const [a, b, c] = [{ key: 'a' }, { key: 'b' }, { key: 'c' }];
const at = (ms: number) => ({ dueAt: new Date(ms) });

test('merges kicks during a call into one more call', async () => {
  const reconciler = new TestReconciler();
  const settled = reconciler.kick(a);
  const first = await reconciler.call(1);
  void reconciler.kick(a);
  void reconciler.kick(a);
  first.finish('done');
  (await reconciler.call(2)).finish('done');
  await settled;
  expect(reconciler.calls).toHaveLength(2);
});

test('retries after a growing pause, which a kick ends, and logs what threw', async () => {
  const reconciler = new TestReconciler();
  const settled = reconciler.kick(a);
  (await reconciler.call(1)).finish('retry');
  (await reconciler.pausing(0)).end();
  (await reconciler.call(2)).finish(new Error('broken'));
  await reconciler.pausing(1);
  void reconciler.kick(a);
  (await reconciler.call(3)).finish('done');
  await settled;
  expect(reconciler.pauses.map(({ ms }) => ms)).toEqual([0, 1]);
  expect(reconciler.logged).toEqual(['TestReconciler, a: broken']);
});

test('an interrupt cancels the call and starts another one, without an error', async () => {
  const reconciler = new TestReconciler();
  const settled = reconciler.kick(a);
  const first = await reconciler.call(1);
  void reconciler.interrupt(a);
  expect(first.signal.aborted).toBe(true);
  first.finish(new Error('aborted'));
  const second = await reconciler.call(2);
  expect(second.signal.aborted).toBe(false);
  second.finish('done');
  await settled;
  expect(reconciler.logged).toEqual([]);
});

test('works on what a scan finds, on no more items of a tenant at a time than allowed', async () => {
  const reconciler = new TestReconciler([[a], [b]], { places: { total: 10, perTenant: 1 } });
  reconciler.onApplicationBootstrap();
  const first = await reconciler.call(1);
  await reconciler.pausing(1_000);
  expect(reconciler.keys).toEqual(['a']);
  first.finish('done');
  (await reconciler.call(2)).finish('done');
  expect(reconciler.keys).toEqual(['a', 'b']);
  await reconciler.onModuleDestroy();
});

test('a tenant whose calls never end leaves places to others, who share them in turn', async () => {
  const page = [1, 2, 3, 4].map((number) => ({ key: `slow ${number}`, tenant: 'slow' }));
  const others = ['b1', 'b2', 'c1', 'c2'].map((key) => ({ key, tenant: key.slice(0, 1) }));
  const reconciler = new TestReconciler([page, others], { places: { total: 3, perTenant: 2 } });
  await reconciler.scanNow();
  (await reconciler.call(3)).finish('done');
  (await reconciler.call(4)).finish('done');
  (await reconciler.call(5)).finish('done');
  (await reconciler.call(6)).finish('done');
  await waitFor(() => reconciler.calls.length === 6);
  expect(reconciler.keys).toEqual(['slow 1', 'slow 2', 'b1', 'c1', 'b2', 'c2']);
  reconciler.calls[0]?.finish('done');
  expect((await reconciler.call(7)).key).toBe('slow 3');
});

test('what has more to do goes on at once, but behind the other tenants', async () => {
  const reconciler = new TestReconciler([], { places: { total: 1, perTenant: 1 } });
  const settled = [reconciler.kick({ key: 'a', tenant: 'a' }), reconciler.kick({ key: 'b', tenant: 'b' })];
  (await reconciler.call(1)).finish('more');
  (await reconciler.call(2)).finish('done');
  (await reconciler.call(3)).finish('done');
  await Promise.all(settled);
  expect(reconciler.keys).toEqual(['a', 'b', 'a']);
  expect(reconciler.pauses).toEqual([]);
});

test('a scan says when everything that it found is done', async () => {
  const reconciler = new TestReconciler([[a], [b]]);
  const { settled } = await reconciler.scanNow();
  let done = false;
  void settled.then(() => (done = true));
  (await reconciler.call(1)).finish('done');
  const second = await reconciler.call(2);
  expect(done).toBe(false);
  second.finish('done');
  await settled;
});

test('a scan gives one more call to an item that is being worked on, and does not end its pause', async () => {
  const reconciler = new TestReconciler([[a]]);
  const settled = reconciler.kick(a);
  const first = await reconciler.call(1);
  await reconciler.scanNow();
  first.finish('done');
  (await reconciler.call(2)).finish('retry');
  const pause = await reconciler.pausing(0);
  await reconciler.scanNow();
  expect(reconciler.calls).toHaveLength(2);
  pause.end();
  (await reconciler.call(3)).finish('done');
  await settled;
  expect(reconciler.calls).toHaveLength(3);
});

test('waits until an item is due, unless it is kicked; a later scan finds what is due after the next one', async () => {
  const page = [
    { ...a, ...at(-5) },
    { ...b, ...at(400) },
    { ...c, ...at(500) },
    { key: 'd', ...at(1_001) },
  ];
  const reconciler = new TestReconciler([page]);
  await reconciler.scanNow();
  (await reconciler.call(1)).finish('done');
  (await reconciler.pausing(400)).end();
  (await reconciler.call(2)).finish('done');
  const settled = reconciler.kick(c);
  (await reconciler.call(3)).finish('done');
  await settled;
  expect(reconciler.keys).toEqual(['a', 'b', 'c']);
  expect(reconciler.pauses.map(({ ms }) => ms)).toEqual([400, 500]);
});

test('a scan that fails is logged and followed by another one', async () => {
  const reconciler = new TestReconciler();
  let broken = true;
  Object.assign(reconciler, {
    async *scan() {
      if (broken) throw new Error('no database');
      reconciler.scans += 1;
      yield [];
    },
  });
  reconciler.onApplicationBootstrap();
  const pause = await reconciler.pausing(1_000);
  expect(reconciler.logged).toEqual(['TestReconciler, scan: no database']);
  broken = false;
  pause.end();
  await waitFor(() => reconciler.scans === 1);
  await reconciler.onModuleDestroy();
});

test('stop cancels the work, waits for it and takes no more', async () => {
  const reconciler = new TestReconciler();
  void reconciler.kick(a);
  const { signal, finish } = await reconciler.call(1);
  let stopped = false;
  const stopping = reconciler.onModuleDestroy().then(() => (stopped = true));
  expect(signal.aborted).toBe(true);
  await Promise.resolve();
  expect(stopped).toBe(false);
  finish('retry');
  await stopping;
  await reconciler.kick(b);
  expect(reconciler.calls).toHaveLength(1);
});
