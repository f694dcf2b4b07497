import { waitFor } from '@saas-codex/testing/wait-for';
import { type Outcome, SessionLoop, type SessionRef } from '../src/reconcile/session-loop.js';

const ref = (sessionId: string): SessionRef => ({ tenantId: 'tenant', sessionId });

interface Call {
  sessionId: string;
  signal: AbortSignal;
  finish: (outcome: Outcome | Error) => void;
}

/** A loop whose work and pauses end when the test says so. */
function setUp({ concurrency = 10, found = [] as SessionRef[] } = {}) {
  const calls: Call[] = [];
  const pauses: { ms: number; end: () => void }[] = [];
  const errors: string[] = [];
  const loop = new SessionLoop({
    name: 'test loop',
    concurrency,
    logger: { error: (message: string) => errors.push(message) },
    scan: async () => found,
    attend: ({ sessionId }, signal) =>
      new Promise((resolve, reject) => {
        const finish = (outcome: Outcome | Error) =>
          outcome instanceof Error ? reject(outcome) : resolve(outcome);
        calls.push({ sessionId, signal, finish });
      }),
    timing: {
      retryAfterMs: (failures) => failures,
      scanEveryMs: 1_000_000,
      delay: (ms, signal) =>
        new Promise<void>((resolve) => {
          if (signal.aborted) return resolve();
          pauses.push({ ms, end: resolve });
          signal.addEventListener('abort', () => resolve());
        }),
    },
  });
  const call = (number: number) => waitFor(() => calls[number - 1]);
  return { loop, calls, call, pauses, errors };
}

test('kicks while a session is worked on fall together into one more call', async () => {
  const { loop, calls, call } = setUp();
  const settled = loop.kick(ref('a'));
  void loop.kick(ref('a'));
  void loop.kick(ref('a'));
  (await call(1)).finish('done');
  (await call(2)).finish('done');
  await settled;
  expect(calls).toHaveLength(2);
});

test('what could not be done, or threw, is tried again after a growing pause that a kick ends', async () => {
  const { loop, call, pauses, errors } = setUp();
  const settled = loop.kick(ref('a'));
  (await call(1)).finish('again');
  (await waitFor(() => pauses[0])).end();
  (await call(2)).finish(new Error('broken'));
  await waitFor(() => pauses[1]);
  void loop.kick(ref('a'));
  (await call(3)).finish('done');
  await settled;
  expect(pauses.map(({ ms }) => ms)).toEqual([0, 1]);
  expect(errors).toEqual(['test loop, session a: broken']);
});

test('an interrupt breaks off the work and starts it anew, without an error', async () => {
  const { loop, call, errors } = setUp();
  const settled = loop.kick(ref('a'));
  const first = await call(1);
  void loop.interrupt(ref('a'));
  expect(first.signal.aborted).toBe(true);
  first.finish(new Error('aborted'));
  const second = await call(2);
  expect(second.signal.aborted).toBe(false);
  second.finish('done');
  await settled;
  expect(errors).toEqual([]);
});

test('no more sessions are worked at a time than allowed; what a scan finds is worked', async () => {
  const { loop, calls, call } = setUp({ concurrency: 1, found: [ref('a'), ref('b')] });
  loop.start();
  const first = await call(1);
  expect(calls.map(({ sessionId }) => sessionId)).toEqual(['a']);
  first.finish('done');
  (await call(2)).finish('done');
  expect(calls.map(({ sessionId }) => sessionId)).toEqual(['a', 'b']);
  await loop.stop();
});

test('stop breaks off the work, waits for it and takes no more', async () => {
  const { loop, calls, call } = setUp();
  void loop.kick(ref('a'));
  const { signal, finish } = await call(1);
  let stopped = false;
  const stopping = loop.stop().then(() => (stopped = true));
  expect(signal.aborted).toBe(true);
  await Promise.resolve();
  expect(stopped).toBe(false);
  finish('again');
  await stopping;
  await loop.kick(ref('b'));
  expect(calls).toHaveLength(1);
});
