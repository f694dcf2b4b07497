import { watcherBreaches } from '@saas-codex/testing/faults/invariants';
import type { Connection, Received } from '@saas-codex/testing/faults/watcher';

/** What judges the product is itself judged: each way to break the first invariant is noticed. */
const event = (id: string, data = `data of ${id}`): Received => ({ id, type: 'item.completed', data });
const LOG = ['1', '2', '2-1', '2-2', '3'].map((id) => event(id));
const got = (...ids: string[]) => ids.map((id) => event(id));
const judge = (...connections: Connection[]) => watcherBreaches({ connections }, LOG);

it.each([
  ['at once', [{ after: '0', events: got('1', '2', '2-1', '2-2', '3') }]],
  [
    'in two connections',
    [
      { after: '0', events: got('1', '2', '2-1') },
      { after: '2-1', events: got('2-2', '3') },
    ],
  ],
  [
    'again from an older place',
    [
      { after: '0', events: got('1', '2', '3') },
      { after: '1', events: got('2', '3') },
    ],
  ],
  ['without its deltas', [{ after: '0', events: got('1', '2', '3') }]],
])('finds nothing wrong with a log that came %s', (_how, connections) => {
  expect(judge(...connections)).toEqual([]);
});

it.each([
  ['lost at the end', [{ after: '0', events: got('1', '2') }]],
  ['lost in the middle', [{ after: '0', events: got('1', '3') }]],
  [
    'lost between connections',
    [
      { after: '0', events: got('1') },
      { after: '2', events: got('3') },
    ],
  ],
  ['repeated', [{ after: '0', events: got('1', '2', '2', '3') }]],
  [
    'repeated by a later connection',
    [
      { after: '0', events: got('1', '2') },
      { after: '2', events: got('2', '3') },
    ],
  ],
  ['in another order', [{ after: '0', events: got('2', '1', '3') }]],
  ['a delta in another order', [{ after: '0', events: got('1', '2', '2-2', '2-1', '3') }]],
  ['other than in the log', [{ after: '0', events: [event('1'), event('2', 'else'), event('3')] }]],
])('finds an event that is %s', (_how, connections) => {
  expect(judge(...connections)).not.toEqual([]);
});
