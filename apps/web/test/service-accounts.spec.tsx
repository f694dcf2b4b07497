import './support/browser-globals.js';
import type { Role } from '@saas-codex/contracts/permissions';
import type { ServiceAccountPage } from '@saas-codex/contracts/service-accounts';
import { SettingsPageBody } from '../src/app/settings/settings-layout.js';
import { settingsPage } from '../src/app/settings/settings-pages.js';
import { serviceAccountsQuery } from '../src/features/settings/api/service-accounts.js';
import { ServiceAccountsPage } from '../src/features/settings/service-accounts-page.js';
import { pageOf, setAnswer, showAs } from './support/show-as.js';

/** What the page of service accounts shows, by the person's role and what the server has answered. */

const ACCOUNT = {
  service_account_id: 'a',
  name: 'Nightly checks',
  role: 'member',
  created_at: '2026-01-01T10:00:00.000Z',
} as const;

const show = (
  as: Role,
  answer: ServiceAccountPage['items'] | Error | 'none yet',
  element = <ServiceAccountsPage />,
) => showAs(as, element, (client) => setAnswer(client, serviceAccountsQuery.queryKey, pageOf(answer)));

it.each(['member', 'viewer'] as const)(
  'tells a %s who manages service accounts, and offers nothing',
  (as) => {
    const page = settingsPage('service-accounts');
    const html = show(as, 'none yet', page && <SettingsPageBody page={page} />);
    expect(html).toContain('Admins and owners manage service accounts.');
    expect(html).not.toMatch(/<(button|input|select|a)\b/);
  },
);

it('offers a new one while the list is loading, and when there are none', () => {
  const [loading, empty] = [show('admin', 'none yet'), show('admin', [])];
  for (const html of [loading, empty]) expect(html).toContain('aria-label="New service account"');
  expect(empty).toContain('There are no service accounts.');
  expect(loading).not.toContain('There are no service accounts.');
});

it('says that the list could not be read, and offers to try again', () => {
  const html = show('admin', new Error('The server is away.'));
  expect(html).toContain('Try again');
  expect(html).not.toContain('There are no service accounts.');
});

it.each(['admin', 'owner'] as const)('lets an %s change each of them, but make none an owner', (as) => {
  const html = show(as, [ACCOUNT]);
  for (const label of ['Role of', 'Keys of', 'Rename', 'Delete'])
    expect(html).toContain(`aria-label="${label} Nightly checks"`);
  expect(html).not.toContain('value="owner"');
});
