import type { GrantedModelServer } from '@saas-codex/contracts/runner-api';
import { openGrant } from '@saas-codex/service-kit/run-grant';
import { NO_SECRETS, Redactor } from './redactor.js';

/** What a run gets on purpose, and what keeps it out of all that leaves the runner. */
export interface RunSecrets {
  /** Environment variables of its setup script, or of its agent's commands. */
  environment: Readonly<Record<string, string>>;
  redactor: Redactor;
}

export const NO_RUN_SECRETS: RunSecrets = { environment: {}, redactor: NO_SECRETS };

/** What a run was granted. */
export interface OpenedGrant {
  secrets: RunSecrets;
  /** The organisation's own, for the model proxy alone; null: the operator's. */
  modelServer: GrantedModelServer | null;
}

export const NO_GRANT: OpenedGrant = { secrets: NO_RUN_SECRETS, modelServer: null };

/** @throws DecryptionError when the grant is for another run, or SERVICE_TOKEN has changed since it was sealed */
export function openRunGrant(
  serviceToken: string,
  run: { runId: string; tenantId: string },
  grant: string | undefined,
): OpenedGrant {
  if (grant === undefined) return NO_GRANT;
  const { environment, model } = openGrant(serviceToken, run, grant);
  const known = Object.entries(environment).map(([name, value]) => ({
    value,
    replacement: `[secret ${name}]`,
  }));
  // No sandbox has it. A model server that repeats it in what it answers must not tell it, either.
  if (model) known.push({ value: model.api_key, replacement: '[key]' });
  return { secrets: { environment, redactor: new Redactor(known) }, modelServer: model ?? null };
}
