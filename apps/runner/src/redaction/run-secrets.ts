import { openGrant } from '@saas-codex/service-kit/run-grant';
import { NO_SECRETS, Redactor } from './redactor.js';

/** What a run gets on purpose, and what keeps it out of all that leaves the runner. */
export interface RunSecrets {
  /** Environment variables of its setup script, or of its agent's commands. */
  environment: Readonly<Record<string, string>>;
  redactor: Redactor;
}

export const NO_RUN_SECRETS: RunSecrets = { environment: {}, redactor: NO_SECRETS };

/** @throws DecryptionError when the grant is for another run, or SERVICE_TOKEN has changed since it was sealed */
export function openRunSecrets(
  serviceToken: string,
  run: { runId: string; tenantId: string },
  grant: string | undefined,
): RunSecrets {
  if (grant === undefined) return NO_RUN_SECRETS;
  const { environment } = openGrant(serviceToken, run, grant);
  const known = Object.entries(environment).map(([name, value]) => ({
    value,
    replacement: `[secret ${name}]`,
  }));
  return { environment, redactor: new Redactor(known) };
}
