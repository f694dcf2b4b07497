import './support/browser-globals.js';
import type { Run } from '@saas-codex/contracts/runs';
import type { CommitProposal } from '@saas-codex/contracts/shipping';
import { runsQuery } from '../src/entities/run/api/list-runs.js';
import { proposalQuery } from '../src/entities/run/api/proposals.js';
import { ProposeMessage } from '../src/entities/run/proposed-message.js';
import { ProposalBlock } from '../src/features/conversation/proposal-block.js';
import { pageOf, showAs } from './support/show-as.js';

/** What a person sees of a commit message that Codex proposes. */

const ID = '01a20ab5-ad03-774a-840c-f8dd44ecbc3d';
const AT = '2026-01-01T10:00:00.000Z';
const TREE = 'b'.repeat(40);
const RUN: Run = {
  run_id: ID,
  session_id: ID,
  kind: 'proposal',
  prompt: 'Propose a commit message.',
  status: 'succeeded',
  error: null,
  usage: null,
  diff: null,
  created_by: { kind: 'person', id: 'u', name: 'Ada' },
  created_at: AT,
  started_at: AT,
  ended_at: AT,
};
const PROPOSAL: CommitProposal = {
  run_id: ID,
  session_id: ID,
  status: 'succeeded',
  tree: TREE,
  outdated: false,
  message: { subject: 'Greet <the> reader', body: 'It is polite.' },
  error: null,
};
const WHOLE = 'Greet <the> reader\n\nIt is polite.';

const show = (
  runs: Run[],
  {
    proposal,
    text = '',
    disabled = false,
  }: { proposal?: CommitProposal; text?: string; disabled?: boolean } = {},
) =>
  showAs(
    'member',
    <ProposeMessage sessionId={ID} tree={TREE} text={text} disabled={disabled} onUse={() => {}} />,
    (client) => {
      client.setQueryData(runsQuery(ID).queryKey, pageOf(runs) as never);
      if (proposal) client.setQueryData(proposalQuery(ID, RUN).queryKey, proposal);
    },
  );

it('offers to have a message written, but not while another run works', () => {
  expect(show([])).toMatch(/<button(?![^>]*disabled="")[^>]*>.*Propose a message/);
  expect(show([], { disabled: true })).toMatch(/<button[^>]*disabled=""[^>]*>.*Propose a message/);
});

it('says that Codex is writing, and can be cancelled', () => {
  const html = show([{ ...RUN, status: 'running', ended_at: null }]);
  expect(html).toContain('Codex is writing a message');
  expect(html).toContain('Cancel');
  expect(html).not.toContain('Propose a message');
});

it('offers what was written for exactly these files, and leaves what a person has typed', () => {
  const html = show([RUN], { proposal: PROPOSAL, text: 'My own words' });
  expect(html).toContain('Greet &lt;the&gt; reader');
  expect(html).toContain('Use it');
  expect(show([RUN], { proposal: PROPOSAL, text: WHOLE })).not.toContain('Use it');
  expect(show([RUN], { proposal: { ...PROPOSAL, tree: 'c'.repeat(40) } })).not.toContain('Use it');
});

it('is a quiet row of the conversation, which says why there is no message', () => {
  const row = (run: Partial<Run>) => showAs('member', <ProposalBlock run={{ ...RUN, ...run }} />, () => {});
  expect(row({})).toContain('Codex proposed a commit message · Ada');
  expect(row({ status: 'running', ended_at: null })).toContain('Writing a message');
  const failed = row({ status: 'failed', error: 'Ask for a proposal again.' });
  expect(failed).toContain('Failed. Ask for a proposal again.');
  expect(row({ status: 'succeeded' })).not.toContain('Propose a commit message.');
});
