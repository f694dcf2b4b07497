import './support/browser-globals.js';
import type { Me } from '@saas-codex/contracts/identity';
import type { ModelServer } from '@saas-codex/contracts/models';
import { permissionsOf, type Role } from '@saas-codex/contracts/permissions';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { renderToStaticMarkup } from 'react-dom/server';
import { modelServerQuery } from '../src/features/settings/api/model-server.js';
import { ModelServerSection } from '../src/features/settings/model-server-section.js';
import { meQuery } from '../src/shared/api/get-me.js';

/** What the page of models shows of the model server, by the person's role and what the server has answered. */

const OPERATOR: ModelServer = { source: 'operator', base_url: null, key_saved_at: null };
const OWN: ModelServer = {
  source: 'organisation',
  base_url: 'https://models.example.com/v1',
  key_saved_at: '2026-01-01T10:00:00.000Z',
};

function show(as: Role, answer: ModelServer | Error | 'none yet'): string {
  const me: Me = {
    user: { user_id: 'u', name: 'Ada', email: 'ada@example.com' },
    tenant: { tenant_id: 't', name: 'Acme' },
    role: as,
    permissions: permissionsOf(as),
  };
  // A failed query stays as it is, instead of being read again.
  const client = new QueryClient({ defaultOptions: { queries: { retryOnMount: false } } });
  client.setQueryData(meQuery.queryKey, me);
  const { queryKey } = modelServerQuery;
  if (answer instanceof Error) {
    client.getQueryCache().build(client, { queryKey }).setState({ status: 'error', error: answer });
  } else if (answer !== 'none yet') {
    client.setQueryData(queryKey, answer);
  }
  const html = renderToStaticMarkup(
    <QueryClientProvider client={client}>
      <ModelServerSection />
    </QueryClientProvider>,
  );
  client.clear();
  return html;
}

it.each(['admin', 'owner'] as const)('lets the %s name a server, change it and remove it', (as) => {
  const [operator, own] = [show(as, OPERATOR), show(as, OWN)];
  expect(operator).toContain('The operator’s server answers');
  expect(operator).toContain('Use your own…');
  expect(operator).not.toContain('Remove…');
  for (const text of [OWN.base_url, 'Key saved, last changed', 'Change…', 'Remove…'])
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
