import { SecretsGrant } from '@saas-codex/contracts/runner-api';
import { decrypt, deriveKey, encrypt } from './encryption.js';

/*
 * What a run gets on purpose, on its way through Redis:
 *
 *     backend ──sealGrant──► POST /runs ──► queue in Redis ──► any runner ──openGrant──► the run's jail
 *
 * The key is made from SERVICE_TOKEN, which backends and runners have and Redis does not. The grant is bound to its run and
 * tenant, so that it opens for no other (docs/adr/0019-grants-sealed-with-the-service-token.md).
 */

/** For whom a grant is. */
interface Grantee {
  runId: string;
  tenantId: string;
}

const keyOf = (serviceToken: string) => deriveKey(serviceToken, 'saas-codex run grant 1');
const contextOf = ({ runId, tenantId }: Grantee) => ['run grant', runId, tenantId];

/** @returns base64 */
export const sealGrant = (serviceToken: string, grantee: Grantee, grant: SecretsGrant): string =>
  encrypt(keyOf(serviceToken), Buffer.from(JSON.stringify(grant)), contextOf(grantee)).toString('base64');

/** @throws DecryptionError when it is for another run, or SERVICE_TOKEN has changed since */
export const openGrant = (serviceToken: string, grantee: Grantee, sealed: string): SecretsGrant =>
  SecretsGrant.parse(
    JSON.parse(decrypt(keyOf(serviceToken), Buffer.from(sealed, 'base64'), contextOf(grantee)).toString()),
  );
