import { watcherBreaches } from '@saas-codex/testing/faults/invariants';
import type { Connection, Received } from '@saas-codex/testing/faults/watcher';

/** Tests the checks of the fault suite: they notice every way to break the first invariant. */
const event = (id: string, data = `data of ${id}`): Received => ({ id, type: 'item.completed', data });
const LOG = ['1', '2', '2-1', '2-2', '3'].map((id) => event(id));
const got = (...ids: string[]) => ids.map((id) => event(id));
const check = (...connections: Connection[]) => watcherBreaches({ connections }, LOG);

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
    'repeatedly, after a resume from an older id',
    [
      { after: '0', events: got('1', '2', '3') },
      { after: '1', events: got('2', '3') },
    ],
  ],
  ['without its deltas', [{ after: '0', events: got('1', '2', '3') }]],
])('accepts a log that was received %s', (_how, connections) => {
  expect(check(...connections)).toEqual([]);
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
  ['out of order', [{ after: '0', events: got('2', '1', '3') }]],
  ['a delta out of order', [{ after: '0', events: got('1', '2', '2-2', '2-1', '3') }]],
  ['different from the log', [{ after: '0', events: [event('1'), event('2', 'else'), event('3')] }]],
])('finds an event that is %s', (_how, connections) => {
  expect(check(...connections)).not.toEqual([]);
});
