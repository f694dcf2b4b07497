import './support/browser-globals.js';
import type { Diff } from '@saas-codex/contracts/diffs';
import type { SessionChecks } from '@saas-codex/contracts/evidence';
import type { Session } from '@saas-codex/contracts/sessions';
import type { Push } from '@saas-codex/contracts/shipping';
import { checksQuery } from '../src/entities/run/api/checks.js';
import { diffQuery } from '../src/entities/session/api/get-diff.js';
import { ShipForm } from '../src/features/shipping/ship-form.js';
import { ShipStatus } from '../src/features/shipping/ship-status.js';
import { setAnswer, showAs } from './support/show-as.js';

/** What a person sees of the way out of a session. */

const ID = '01a20ab5-ad03-774a-840c-f8dd44ecbc3d';
const AT = '2026-01-01T10:00:00.000Z';
const BRANCH = 'codex/fix-the-roses-44ecbc3d';
const SESSION: Session = {
  session_id: ID,
  title: 'Fix the roses',
  repo_url: 'https://github.com/acme/app',
  ref: null,
  base_commit: null,
  repo_path: '',
  thread_id: null,
  model: null,
  network: { mode: 'off' },
  setup: null,
  setup_status: null,
  status: 'ready',
  failure: null,
  active_run_id: null,
  queued_runs: 0,
  diff: null,
  created_at: AT,
  updated_at: AT,
};
const PUSH: Push = {
  push_id: ID,
  session_id: ID,
  commit_id: ID,
  oid: '9fceb02d0ae598e95dc970b74767f19372d61af8',
  repo_url: 'https://github.com/acme/app',
  branch: BRANCH,
  status: 'pushed',
  failure: null,
  retry_at: null,
  base_ref: 'main',
  host_message: null,
  created_by: { kind: 'person', id: 'u', name: 'Ada' },
  created_at: AT,
  pushed_at: AT,
};
const DIFF: Diff = {
  from: 'a'.repeat(40),
  to: 'b'.repeat(40),
  stat: { files: 1, additions: 2, deletions: 1 },
  files: [
    {
      path: 'rose.txt',
      old_path: null,
      status: 'modified',
      additions: 2,
      deletions: 1,
      binary: false,
      generated: false,
    },
  ],
  truncated: false,
  next_cursor: null,
  omitted: [],
};

const CHECKS: SessionChecks = { declared: [], problem: null, required: false, items: [], next_cursor: null };

const PATTERN = 'codex/{title}-{id}';

const form = (
  diff: Diff | Error | 'none yet',
  session = SESSION,
  last?: Push,
  checks: SessionChecks | 'none yet' = CHECKS,
) =>
  showAs(
    'member',
    <ShipForm
      session={session}
      shipped={{ last, branch: BRANCH, branchPattern: PATTERN, shippedTree: undefined, signed: true }}
      onClose={() => {}}
    />,
    (client) => {
      setAnswer(client, diffQuery(ID, {}).queryKey, diff);
      setAnswer(client, checksQuery(session).queryKey, checks);
    },
  );
const status = (push: Partial<Push>) =>
  showAs('member', <ShipStatus push={{ ...PUSH, ...push }} />, () => {});
const SUBMIT = /<button[^>]*type="submit"[^>]*>/;

it('shows what will be shipped, and proposes a message and a branch', () => {
  const html = form(DIFF);
  expect(html).toContain('rose.txt');
  expect(html).toContain('placeholder="Fix the roses"');
  expect(html).toContain(`value="${BRANCH}"`);
  expect(html).toContain('Signed with the key of your organisation.');
  expect(html).toContain(`Your organisation names branches ${PATTERN}.`);
  expect(SUBMIT.exec(html)?.[0]).not.toContain('disabled=""');
});

it('waits until it knows whether checks are required', () => {
  expect(SUBMIT.exec(form(DIFF, SESSION, undefined, 'none yet'))?.[0]).toContain('disabled=""');
});

it.each([
  ['a run works', { active_run_id: ID }, undefined, 'Codex is working'],
  ['it is archived', { status: 'archived' }, undefined, 'Unarchive it'],
  ['a push is under way', {}, { ...PUSH, status: 'pending' }, 'A push is under way'],
] as const)('ships nothing while %s, and says why', (_, change, last, reason) => {
  const html = form(DIFF, { ...SESSION, ...change }, last);
  expect(html).toContain(reason);
  expect(SUBMIT.exec(html)?.[0]).toContain('disabled=""');
});

it('names the files that would be left out, and wants this confirmed', () => {
  const html = form({ ...DIFF, omitted: ['huge.bin'] });
  expect(html).toMatch(/Ship without what git cannot record here:.*huge\.bin/);
  expect(SUBMIT.exec(html)?.[0]).toContain('disabled=""');
});

it('offers nothing where nothing has changed, or the changes cannot be read', () => {
  const empty = form({ ...DIFF, files: [], stat: { files: 0, additions: 0, deletions: 0 } });
  expect(empty).toContain('Nothing has changed yet.');
  expect(form(new Error('away'))).toContain('Try again');
  for (const html of [empty, form('none yet')]) expect(html).not.toMatch(SUBMIT);
});

it('says how a push stands, and links only to the host of the repository', () => {
  const words = 'Open it: https://github.com/acme/app/pull/new/x or https://elsewhere.example/x';
  const pushed = status({ host_message: words });
  expect(pushed).toContain('href="https://github.com/acme/app/pull/new/x"');
  expect(pushed).not.toContain('href="https://elsewhere.example/x"');
  const failure = { code: 'branch_moved', title: 'The branch has other commits', detail: 'Choose another.' };
  const failed = status({ status: 'failed', failure, pushed_at: null });
  for (const text of [failure.title, failure.detail, 'Push the same commit again'])
    expect(failed).toContain(text);
  expect(status({ status: 'pending', pushed_at: null })).toContain('Pushing to');
  expect(status({ status: 'pending', failure, pushed_at: null })).toContain('Waiting to push to');
});
