import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ApprovalKind } from '@saas-codex/contracts/approval-questions';
import { RunDeadline } from '../src/runs/run-deadline.js';
import { type Question, RunQuestions } from '../src/runs/run-questions.js';
import { WorkPlaces } from '../src/runs/work-places.js';

const never = new AbortController().signal;
const settle = () => new Promise(setImmediate);
const places = (settings: { MAX_CONCURRENT_RUNS: number; MAX_WAITING_RUNS: number }) =>
  new WorkPlaces(settings);

describe('the places of a runner', () => {
  it('takes no more runs than it has places, and one more for each that rests', () => {
    const all = places({ MAX_CONCURRENT_RUNS: 2, MAX_WAITING_RUNS: 9 });
    const [first, second] = [all.take(), all.take()];
    expect(all.take()).toBeNull();
    first?.rest();
    expect(all.capacity).toBe(3);
    expect(all.take()).not.toBeNull();
    expect(all.take()).toBeNull();
    second?.leave();
    expect(all.take()).not.toBeNull();
  });

  it('gives a free place to those who return, in order, before anybody new', async () => {
    const all = places({ MAX_CONCURRENT_RUNS: 1, MAX_WAITING_RUNS: 9 });
    const order: string[] = [];
    const a = all.take();
    a?.rest();
    const b = all.take();
    b?.rest();
    const c = all.take();
    void b?.resume(never).then(() => order.push('b'));
    void a?.resume(never).then(() => order.push('a'));
    await settle();
    expect(order).toEqual([]);
    c?.leave();
    expect(all.take()).toBeNull();
    await settle();
    expect(order).toEqual(['b']);
    b?.leave();
    await settle();
    expect(order).toEqual(['b', 'a']);
    expect(all.capacity).toBe(1);
    a?.leave();
    expect(all.take()).not.toBeNull();
  });

  it('loses no place when a run is stopped or ends while it waits for one', async () => {
    const all = places({ MAX_CONCURRENT_RUNS: 1, MAX_WAITING_RUNS: 9 });
    const [stopped, over] = [0, 1].map(() => {
      const place = all.take();
      place?.rest();
      return place;
    });
    const works = all.take();
    const stop = new AbortController();
    const waits = [stopped, over, over].map(async (place) =>
      place?.resume(place === stopped ? stop.signal : never),
    );
    stop.abort();
    over?.leave();
    await Promise.all(waits);
    stopped?.leave();
    stopped?.leave();
    expect(all.capacity).toBe(1);
    expect(all.take()).toBeNull();
    works?.leave();
    expect(all.take()).not.toBeNull();
    expect(all.take()).toBeNull();
  });

  it('lets only so many rest, and the others keep their place', () => {
    const all = places({ MAX_CONCURRENT_RUNS: 2, MAX_WAITING_RUNS: 1 });
    const [first, second] = [all.take(), all.take()];
    first?.rest();
    second?.rest();
    expect(all.capacity).toBe(3);
    expect(all.take()).not.toBeNull();
    expect(all.take()).toBeNull();
  });
});

describe('the deadline of a run', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('stands still while the run waits', () => {
    const onOver = jest.fn();
    const deadline = new RunDeadline(1_000, onOver);
    jest.advanceTimersByTime(600);
    deadline.pause();
    jest.advanceTimersByTime(60_000);
    deadline.resume();
    deadline.resume();
    jest.advanceTimersByTime(399);
    expect(onOver).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(onOver).toHaveBeenCalledTimes(1);
  });
});

describe('the questions of a run', () => {
  const request = (requestId: string, kind: ApprovalKind = 'command') => ({
    requestId,
    kind,
    itemId: `item-${requestId}`,
    command: 'x'.repeat(100_000),
    reason: null,
    decisions: ['accept' as const],
  });
  const answer = (request_id: string) =>
    ({ id: request_id, type: 'answer', request_id, decision: 'accept', timed_out: false }) as const;

  function begin() {
    const said: string[] = [];
    const questions = new RunQuestions({
      log: {
        requested: async ({ request_id, command }) => void said.push(`ask ${request_id} ${command?.length}`),
        resolved: async ({ request_id, outcome }) => void said.push(`${outcome} ${request_id}`),
      },
      report: async (status) => void said.push(status),
      pause: () => void said.push('pause'),
      resume: async () => void said.push('resume'),
      onError: (error) => void said.push(String(error)),
    });
    const ask = (question: Question) =>
      questions.ask(question, (decision) => void said.push(`${decision} ${question.requestId}`));
    return { said, questions, ask };
  }

  it('let it work while something that was accepted does, also when others are open', async () => {
    const { said, questions, ask } = begin();
    await ask({ ...request('1'), command: 'x' });
    await ask({ ...request('2'), command: 'x' });
    expect(said.splice(0)).toEqual(['ask 1 1', 'waiting', 'pause', 'ask 2 1', 'waiting', 'pause']);
    questions.answer(answer('1'));
    questions.answer(answer('1'));
    await settle();
    expect(said.splice(0)).toEqual(['resume', 'answered 1', 'running', 'accept 1']);
    questions.complete('item-1');
    questions.complete('item-3');
    expect(said.splice(0)).toEqual(['pause']);
    await questions.close();
    questions.answer(answer('2'));
    await settle();
    expect(said).toEqual(['expired 2']);
  });

  it('about a connection leave the run its place and its clock, also while a command waits', async () => {
    const { said, questions, ask } = begin();
    await ask({ ...request('1', 'network'), command: null });
    await ask({ ...request('2'), command: 'x' });
    expect(said.splice(0)).toEqual(['ask 1 undefined', 'running', 'ask 2 1', 'waiting', 'pause']);
    questions.answer(answer('1'));
    await settle();
    expect(said.splice(0)).toEqual(['answered 1', 'waiting', 'accept 1']);
    questions.answer(answer('2'));
    await settle();
    expect(said).toEqual(['resume', 'answered 2', 'running', 'accept 2']);
  });

  it('are cut to what an event may hold', async () => {
    const { said, ask } = begin();
    await ask(request('1'));
    expect(Number(said[0]?.split(' ')[2])).toBeLessThan(17_000);
  });
});
