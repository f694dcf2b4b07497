import { jest } from '@jest/globals';
import { MarkdownParser } from '../../../../src/entities/timeline/markdown/markdown-parser.js';
import type {
  MarkdownAnswer,
  MarkdownMessage,
  MarkdownRequest,
} from '../../../../src/entities/timeline/markdown/markdown.worker.js';

/** A worker whose answers the test gives. */
class FakeWorker extends EventTarget {
  readonly received: MarkdownRequest[] = [];
  terminated = false;
  postMessage(request: MarkdownRequest): void {
    this.received.push(request);
  }
  send(data: MarkdownMessage): void {
    this.dispatchEvent(new MessageEvent('message', { data }));
  }
  terminate(): void {
    this.terminated = true;
  }
}

const workers: FakeWorker[] = [];
let parser: MarkdownParser;
let answers: [owner: string, answer: MarkdownAnswer][];
const ask = (owner: string, text: string, growing = false) =>
  parser.request(owner, { text, growing, onParsed: (answer) => answers.push([owner, answer]) });

beforeEach(() => {
  jest.useFakeTimers();
  workers.length = 0;
  answers = [];
  parser = new MarkdownParser(() => {
    const worker = new FakeWorker();
    workers.push(worker);
    return worker as unknown as Worker;
  });
});
afterEach(() => jest.useRealTimers());

it('gives up a text that takes too long, and parses the next one in a new worker', () => {
  ask('hostile', '[a](');
  ask('other', 'fine');
  workers[0]!.send('begun');
  jest.advanceTimersByTime(60_000);
  expect(answers).toEqual([['hostile', null]]);
  expect(workers[0]!.terminated).toBe(true);

  workers[1]!.send('begun');
  workers[1]!.send(['fine']);
  expect(answers).toEqual([
    ['hostile', null],
    ['other', ['fine']],
  ]);
  ask('hostile', '[a](');
  expect(answers.at(-1)).toEqual(['hostile', null]);
  expect(workers[1]!.received.map(({ text }) => text)).toEqual(['fine']);
});

it('does not count the time in which the parser loads', () => {
  ask('one', 'text');
  jest.advanceTimersByTime(60_000);
  expect(answers).toEqual([]);
  expect(workers).toHaveLength(1);
});

it('parses only the latest text of one that grows', () => {
  ask('one', 'a', true);
  for (const text of ['ab', 'abc', 'abcd']) ask('one', text, true);
  workers[0]!.send(['a']);
  workers[0]!.send(['abcd']);
  expect(workers[0]!.received.map(({ text }) => text)).toEqual(['a', 'abcd']);
  expect(answers).toEqual([
    ['one', ['a']],
    ['one', ['abcd']],
  ]);
});

it('shows a text as it is when the worker cannot be loaded, and tries again for the next one', () => {
  ask('one', 'text');
  workers[0]!.dispatchEvent(new Event('error'));
  expect(answers).toEqual([['one', null]]);
  ask('two', 'another');
  expect(workers).toHaveLength(2);
});
