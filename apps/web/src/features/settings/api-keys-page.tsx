import { PERMISSIONS } from '@saas-codex/contracts/permissions';
import { useQuery } from '@tanstack/react-query';
import { meQuery } from '../../shared/api/get-me.js';
import { ApiKeyList } from './api-key-list.js';
import { OWN_KEYS } from './api/api-keys.js';
import { NewApiKey } from './new-api-key.js';
import { Section } from './section.js';

/** The person's own keys in the organisation that the page shows. */
export function ApiKeysPage() {
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
