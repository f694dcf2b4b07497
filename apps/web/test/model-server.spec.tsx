import './support/browser-globals.js';
import type { ModelServer } from '@saas-codex/contracts/models';
import type { Role } from '@saas-codex/contracts/permissions';
import { modelServerQuery } from '../src/features/settings/api/model-server.js';
import { ModelServerSection } from '../src/features/settings/model-server-section.js';
import { setAnswer, showAs } from './support/show-as.js';

/** What the page of models shows of the model server, by the person's role and what the server has answered. */

const OPERATOR: ModelServer = { source: 'operator', base_url: null, key_saved_at: null };
const OWN: ModelServer = {
  source: 'organisation',
  base_url: 'https://models.example.com/v1',
  key_saved_at: '2026-01-01T10:00:00.000Z',
};

const show = (as: Role, answer: ModelServer | Error | 'none yet') =>
  showAs(as, <ModelServerSection />, (client) => setAnswer(client, modelServerQuery.queryKey, answer));

it.each(['admin', 'owner'] as const)('lets the %s name a server, change it and remove it', (as) => {
  const [operator, own] = [show(as, OPERATOR), show(as, OWN)];
  expect(operator).toContain('The operator’s server answers');
  expect(operator).toContain('Use your own…');
  expect(operator).not.toMatch(/Remove…|Test</);
  for (const text of [OWN.base_url, 'Key saved, last changed', 'Change…', 'Remove…', 'Test<'])
    expect(own).toContain(text);
});

it.each(['member', 'viewer'] as const)('tells a %s who answers and who can change it', (as) => {
  for (const [server, text] of [
    [OPERATOR, 'The operator’s server answers'],
    [OWN, OWN.base_url],
  ] as const) {
    const html = show(as, server);
    expect(html).toContain(text);
    expect(html).toContain('Admins and owners can change this.');
    expect(html).not.toContain('<button');
  }
});

it('says when it cannot be read, and offers to try again', () => {
  expect(show('admin', new Error('The network is down.'))).toContain('Try again');
  expect(show('admin', 'none yet')).not.toContain('<button');
});
