import { PERMISSIONS } from '@saas-codex/contracts/permissions';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { meQuery } from '../../shared/api/get-me.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { useDocumentTitle } from '../../shared/lib/use-document-title.js';
import { PageHeader } from '../../shared/ui/page-header.js';
import { ApiKeyList } from './api-key-list.js';
import { OWN_KEYS } from './api/api-keys.js';
import { NewApiKey } from './new-api-key.js';
import { Section } from './section.js';

/** The person's own keys in the organisation that the page shows. */
export function ApiKeysPage() {
  useDocumentTitle('API keys');
  const mayHave = usePermission('api_keys:own');
  return (
    <main className="flex h-full flex-col overflow-y-auto">
      <PageHeader />
      <div className="mx-auto w-full max-w-2xl px-4 pb-16">
        <p className="mb-1 text-xs text-muted-foreground">
          <Link to="/settings" className="hover:text-foreground">
            Settings
          </Link>
        </p>
        <h1 className="mb-2 text-xl font-semibold tracking-tight">API keys</h1>
        <p className="mb-6 text-sm text-muted-foreground">
          With a key, a program acts for you in this organisation, and never may more than you.
        </p>
        {mayHave ? <Keys /> : <p className="text-sm">You cannot have API keys in this organisation.</p>}
      </div>
    </main>
  );
}

function Keys() {
  const { data: me } = useQuery(meQuery);
  const own = PERMISSIONS.filter((permission) => me?.permissions?.includes(permission) ?? true);
  return (
    <>
      <Section title="New key">
        <NewApiKey collection={OWN_KEYS} offered={own} whose="your" />
      </Section>
      <Section title="Your keys">
        <ApiKeyList collection={OWN_KEYS} whose="your" none="You have no keys." />
      </Section>
    </>
  );
}
