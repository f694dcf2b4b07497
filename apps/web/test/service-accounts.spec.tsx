import './support/browser-globals.js';
import type { Me } from '@saas-codex/contracts/identity';
import { permissionsOf, type Role } from '@saas-codex/contracts/permissions';
import type { ServiceAccountPage } from '@saas-codex/contracts/service-accounts';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { renderToStaticMarkup } from 'react-dom/server';
import { SettingsPageBody } from '../src/app/settings/settings-layout.js';
import { settingsPage } from '../src/app/settings/settings-pages.js';
import { serviceAccountsQuery } from '../src/features/settings/api/service-accounts.js';
import { ServiceAccountsPage } from '../src/features/settings/service-accounts-page.js';
import { meQuery } from '../src/shared/api/get-me.js';

/** What the page of service accounts shows, by the person's role and what the server has answered. */

const ACCOUNT = {
  service_account_id: 'a',
  name: 'Nightly checks',
  role: 'member',
  created_at: '2026-01-01T10:00:00.000Z',
} as const;

function show(
  as: Role,
  answer: ServiceAccountPage['items'] | Error | 'none yet',
  element = <ServiceAccountsPage />,
): string {
  const me: Me = {
    user: { user_id: 'u', name: 'Ada', email: 'ada@example.com' },
    tenant: { tenant_id: 't', name: 'Acme' },
    role: as,
    permissions: permissionsOf(as),
  };
  // A failed query stays as it is, instead of being read again.
  const client = new QueryClient({ defaultOptions: { queries: { retryOnMount: false } } });
  client.setQueryData(meQuery.queryKey, me);
  const { queryKey } = serviceAccountsQuery;
  if (answer instanceof Error) {
    client.getQueryCache().build(client, { queryKey }).setState({ status: 'error', error: answer });
  } else if (answer !== 'none yet') {
    client.setQueryData(queryKey, { pages: [{ items: answer, next_cursor: null }], pageParams: [null] });
  }
  const html = renderToStaticMarkup(<QueryClientProvider client={client}>{element}</QueryClientProvider>);
  client.clear();
  return html;
}

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
