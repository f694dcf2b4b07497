import type { NetworkAnswer } from '@saas-codex/contracts/network';
import { type Session, Setup } from '@saas-codex/contracts/sessions';
import { z } from 'zod';
import { errorsIn, type FieldErrors, fieldErrors, NO_ERRORS } from './field-errors.js';
import { fromNetwork, NETWORK_DRAFT_OFF, NetworkDraft, networkErrors, toNetwork } from './network-draft.js';

/** A setup script as it is being edited. An empty script means none. */
export const SetupDraft = z.object({
  script: z.string(),
  /** The script may reach what the session may. `network` is kept but not sent. */
  asSession: z.boolean(),
  network: NetworkDraft,
});
export type SetupDraft = z.infer<typeof SetupDraft>;

export const NO_SETUP: SetupDraft = { script: '', asSession: true, network: NETWORK_DRAFT_OFF };

/** @param session the session's network, which applies if the setup has none of its own */
export const fromSetup = (setup: Session['setup'], session: NetworkAnswer): SetupDraft => ({
  script: setup?.script ?? '',
  asSession: setup?.network === undefined,
  network: fromNetwork(setup?.network ?? session),
});

/** The request's part; null if there is no script. */
export function toSetup({ script, asSession, network }: SetupDraft): z.input<typeof Setup> | null {
  if (script.trim() === '') return null;
  return { script, ...(!asSession && { network: toNetwork(network) }) };
}

/** The errors that the server would find. Keys are JSON pointers, such as `/script` and `/network/hosts/0/host`. */
export function setupErrors(draft: SetupDraft): FieldErrors {
  const setup = toSetup(draft);
  if (!setup) return NO_ERRORS;
  const { '/script': script } = fieldErrors(Setup, setup);
  return {
    ...(script !== undefined && { '/script': script }),
    ...(!draft.asSession && errorsIn('/network', networkErrors(draft.network))),
  };
}

/** A short name for a script: its first command. */
export function scriptTitle(script: string): string {
  const lines = script.split('\n').map((line) => line.trim());
  return lines.find((line) => line !== '' && !line.startsWith('#')) ?? lines[0] ?? '';
}
