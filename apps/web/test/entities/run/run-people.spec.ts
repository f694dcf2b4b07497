import type { Author } from '@saas-codex/contracts/authors';
import type { Me } from '@saas-codex/contracts/identity';
import type { Run } from '@saas-codex/contracts/runs';
import { peopleFor } from '../../../src/entities/run/run-people.js';

const me: Me = {
  user: { user_id: 'ada', name: 'Ada', email: 'ada@example.com' },
  tenant: { tenant_id: 't', name: 'Acme' },
  role: 'member',
};
const ada: Author = { kind: 'person', id: 'ada', name: 'Ada' };
const ben: Author = { kind: 'person', id: 'ben', name: 'Ben' };
const key: Author = { kind: 'api_key', id: 'ada', name: 'Ada', key_name: 'Nightly' };

const run = (created_by?: Author, cancelled_by: Author | null = null): Run => ({
  run_id: '01a20ab5-ad03-774a-840c-f8dd44ecbc31',
  session_id: '01a20ab5-ad03-774a-840c-f8dd44ecbc32',
  kind: 'prompt',
  prompt: 'Go',
  status: 'cancelled',
  error: null,
  usage: null,
  diff: null,
  ...(created_by && { created_by }),
  cancelled_by,
  created_at: '2026-01-01T10:00:00.000Z',
  started_at: null,
  ended_at: null,
});
const authors = (...runs: Run[]) => runs.map((each) => peopleFor(me, runs)(each).author);

it('names nobody to a reader who wrote everything', () => {
  expect(authors(run(ada), run(ada))).toEqual([null, null]);
});

it('names every author when one is not the reader, and the key of a program', () => {
  expect(authors(run(ada), run(ben), run())).toEqual(['You', 'Ben', null]);
  expect(authors(run(ben))).toEqual(['Ben']);
  expect(authors(run(ada), run(key))).toEqual(['You', 'You, with the API key Nightly']);
});

it('says who stopped a run, unless the reader did', () => {
  const [byBen, byAda] = [run(ada, ben), run(ada, ada)];
  const peopleOf = peopleFor(me, [byBen, byAda]);
  expect([peopleOf(byBen).stoppedBy, peopleOf(byAda).stoppedBy]).toEqual(['Ben', null]);
});
