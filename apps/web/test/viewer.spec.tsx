import './support/browser-globals.js';
import type { Role } from '@saas-codex/contracts/permissions';
import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import type { QueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { SessionDock } from '../src/app/session-page/session-dock.js';
import { runKeys } from '../src/entities/run/run-cache.js';
import { orderRuns } from '../src/entities/run/run-order.js';
import { PromptQueue } from '../src/features/composer/prompt-queue.js';
import { RunEndNotice } from '../src/features/conversation/run-end-notice.js';
import { SetupNotice } from '../src/features/environment/setup-notice.js';
import { FailedSession } from '../src/features/provisioning/failed-session.js';
import { pageOf, showAs } from './support/show-as.js';

/** What the page shows to a person whose role may only watch. */

const ID = '01a20ab5-ad03-774a-840c-f8dd44ecbc3d';
const AT = '2026-01-01T10:00:00.000Z';
const SESSION: Session = {
  session_id: ID,
  title: 'Fix the tests',
  repo_url: null,
  ref: null,
  base_commit: null,
  repo_path: '/workspaces/repo',
  thread_id: null,
  model: null,
  network: { mode: 'off' },
  setup: { script: 'npm ci' },
  setup_status: 'failed',
  status: 'ready',
  failure: null,
  notices: [],
  active_run_id: null,
  queued_runs: 1,
  queue_held: true,
  diff: null,
  created_at: AT,
  updated_at: AT,
};
const QUEUED: Run = {
  run_id: '01a20ab5-ad03-774a-840c-f8dd44ecbc31',
  session_id: ID,
  kind: 'prompt',
  prompt: 'Now the documentation',
  status: 'queued',
  held: true,
  error: null,
  usage: null,
  diff: null,
  created_at: AT,
  started_at: null,
  ended_at: null,
};

const show = (as: Role | 'an older server', element: ReactElement) =>
  as === 'an older server'
    ? showAs('owner', element, fill, { permissions: undefined })
    : showAs(as, element, fill);
const fill = (client: QueryClient) => client.setQueryData(runKeys.list(ID), pageOf([QUEUED]));

const QUEUE = orderRuns({ pages: [{ items: [QUEUED], next_cursor: null }], pageParams: [null] }, true);
const CONTROL = /<(button|textarea|input|a)\b/;
const notices = (
  <>
    <SetupNotice session={SESSION} />
    <PromptQueue session={SESSION} runs={QUEUE} note={null} onRestore={() => undefined} />
  </>
);

it('shows a viewer what is queued and why prompts wait, and nothing to press', () => {
  const html = show('viewer', notices);
  for (const text of [
    'Now the documentation',
    'On hold since the run was stopped.',
    'One prompt waits until the setup succeeds.',
  ])
    expect(html).toContain(text);
  expect(html).not.toMatch(CONTROL);
});

it.each(['member', 'admin', 'owner', 'an older server'] as const)('lets %s decide about them', (as) => {
  const html = show(as, notices);
  for (const part of ['Remove from the queue', 'Resume queue', 'Run again']) expect(html).toContain(part);
});

it('tells a viewer who can send prompts, in place of the composer', () => {
  const html = show('viewer', <SessionDock session={{ ...SESSION, status: 'provisioning' }} />);
  expect(html).toContain('Members, admins and owners can send prompts.');
  expect(html).not.toMatch(CONTROL);
});

it.each<[string, () => ReactElement]>([
  ['an archived session', () => <SessionDock session={{ ...SESSION, status: 'archived' }} />],
  ['a session that could not be set up', () => <FailedSession session={{ ...SESSION, status: 'failed' }} />],
  [
    'a run that failed',
    () => (
      <RunEndNotice
        end={{ status: 'failed', reason: 'No quota.', stopped: null, at: AT }}
        run={QUEUED}
        sessionId={ID}
        canFollowUp
      />
    ),
  ],
])('offers a viewer nothing to do about %s', (_, element) => {
  expect(show('viewer', element())).not.toMatch(/Unarchive|Try again|Continue/);
});
