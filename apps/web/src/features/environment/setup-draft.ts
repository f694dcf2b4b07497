import type { NetworkAnswer } from '@saas-codex/contracts/network';
import { type Session, Setup } from '@saas-codex/contracts/sessions';
import { z } from 'zod';
import { errorsIn, type FieldErrors, fieldErrors, NO_ERRORS } from './field-errors.js';
import { fromNetwork, NETWORK_DRAFT_OFF, NetworkDraft, networkErrors, toNetwork } from './network-draft.js';

/** A setup script as it is being edited; empty: none. */
export const SetupDraft = z.object({
  script: z.string(),
  /** It may reach what the session may; then `network` only keeps what was typed. */
  asSession: z.boolean(),
  network: NetworkDraft,
});
export type SetupDraft = z.infer<typeof SetupDraft>;

export const NO_SETUP: SetupDraft = { script: '', asSession: true, network: NETWORK_DRAFT_OFF };

/** @param session what its setup may reach when the script does not say */
export const fromSetup = (setup: Session['setup'], session: NetworkAnswer): SetupDraft => ({
  script: setup?.script ?? '',
  asSession: setup?.network === undefined,
  network: fromNetwork(setup?.network ?? session),
});

/** null: there is no script. */
export function toSetup({ script, asSession, network }: SetupDraft): z.input<typeof Setup> | null {
  if (script.trim() === '') return null;
  return { script, ...(!asSession && { network: toNetwork(network) }) };
}

/** What the server would say to it; keys are JSON pointers, `/script`, `/network/hosts/0/host`. */
export function setupErrors(draft: SetupDraft): FieldErrors {
  const setup = toSetup(draft);
  if (!setup) return NO_ERRORS;
  const { '/script': script } = fieldErrors(Setup, setup);
  return {
    ...(script !== undefined && { '/script': script }),
    ...(!draft.asSession && errorsIn('/network', networkErrors(draft.network))),
  };
}

/** A script by its first command, for a line that names it. */
export function scriptTitle(script: string): string {
  const lines = script.split('\n').map((line) => line.trim());
  return lines.find((line) => line !== '' && !line.startsWith('#')) ?? lines[0] ?? '';
}
