import { boundItem } from '../src/runs/bounded-item.js';

const KILOBYTE = 1024;
const LONG = 'x'.repeat(KILOBYTE * KILOBYTE);
const sizeOf = (item: object) => Buffer.byteLength(JSON.stringify(item));
let deep: unknown = LONG;
for (let depth = 0; depth < 100; depth += 1) deep = [deep];

it.each([
  ['a message', { text: LONG }],
  ['an unknown field', { any: { thing: LONG } }],
  ['many texts', { texts: Array.from({ length: 8 }, () => LONG) }],
  ['text that is six times as long in JSON', { text: '\u0001'.repeat(KILOBYTE * KILOBYTE) }],
  ['a long list of nothing', { list: Array.from({ length: 300_000 }, () => 1) }],
  ['many fields', Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`f${index}`, null]))],
  ['a long name', { [LONG]: 1 }],
  ['nested lists', { deep }],
])('cuts %s', (_, fields) => {
  const item = boundItem({ id: 'i1', type: 'some_type', ...fields });
  expect(sizeOf(item)).toBeLessThanOrEqual(256 * KILOBYTE);
  expect(item).toMatchObject({ id: 'i1', type: 'some_type' });
});

it('keeps the head and tail of a long text, and short values unchanged', () => {
  const todo = {
    id: 'i1',
    type: 'todo_list',
    items: [{ text: 'a', completed: false }],
    extra: { a: [1, null] },
  };
  expect(boundItem(todo)).toBe(todo);
  const item = boundItem({ id: 'i1', type: 'agent_message', text: `begin ${LONG} end`, short: 'as it is' });
  expect(item['text']).toMatch(/^begin x+\n… \d+ characters left out …\nx+ end$/);
});

it('cuts an id and a type that are too long', () => {
  expect(sizeOf(boundItem({ id: LONG, type: LONG }))).toBeLessThan(KILOBYTE);
});
