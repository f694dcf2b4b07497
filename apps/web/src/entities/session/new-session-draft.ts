import { ReasoningEffort } from '@saas-codex/contracts/models';
import { type CreateSession, RepositoryPart } from '@saas-codex/contracts/sessions';
import { useCallback, useMemo } from 'react';
import { z } from 'zod';
import { drafts, useDraft } from '../../shared/lib/drafts.js';
import { NETWORK_DRAFT_OFF, NetworkDraft, toNetwork } from '../environment/network-draft.js';
import { NO_SETUP, SetupDraft, toSetup } from '../environment/setup-draft.js';

/** Its name among the person's drafts. */
const NAME = 'new-session';

/** The fields of the composer of a new session, as typed. `repo` is empty for an empty repository. */
const NewSessionDraft = z.object({
  prompt: z.string().catch(''),
  repo: z.string().catch(''),
  ref: z.string().catch(''),
  model: z.string().catch(''),
  effort: ReasoningEffort.optional().catch(undefined),
  network: NetworkDraft.catch(NETWORK_DRAFT_OFF),
  setup: SetupDraft.catch(NO_SETUP),
  /** Names of the secrets that the setup and the agent get. */
  secrets: z.array(z.string()).catch([]),
  /** Whether Codex starts what the repository's `.codex` folder names. */
  trust: z.boolean().catch(false),
  /** What is fetched with the repository. */
  include: z.array(RepositoryPart).catch([]),
  isPrivate: z.boolean().catch(false),
});
export type NewSessionDraft = z.infer<typeof NewSessionDraft>;

function parseDraft(text: string): NewSessionDraft {
  try {
    return NewSessionDraft.parse(JSON.parse(text || '{}'));
  } catch {
    return NewSessionDraft.parse({});
  }
}

const changeDraft = (part: Partial<NewSessionDraft>): void =>
  drafts.write(NAME, JSON.stringify({ ...parseDraft(drafts.read(NAME)), ...part }));

/** Fills in the draft for the next visit to the home page. */
export const prefillNewSessionDraft = changeDraft;

/** The draft, kept in this browser until it is sent. */
export function useNewSessionDraft() {
  const [text] = useDraft(NAME);
  const draft = useMemo(() => parseDraft(text), [text]);
  const change = changeDraft;
  /** After sending: drops the prompt and the ref; repository, model, effort, network, secrets, trust, what is fetched, setup and privacy stay for the next session. */
  const clear = useCallback(() => changeDraft({ prompt: '', ref: '' }), []);
  return { draft, change, clear };
}

/** The body of the request. Empty fields are left out. */
export function toRequest({
  repo,
  ref,
  model,
  effort,
  network,
  setup: setupDraft,
  secrets,
  trust,
  include,
  isPrivate,
}: NewSessionDraft): z.input<typeof CreateSession> {
  const setup = toSetup(setupDraft);
  return {
    ...(repo.trim() && { repo_url: repo.trim() }),
    ...(repo.trim() && ref.trim() && { ref: ref.trim() }),
    ...(model.trim() && { model: model.trim() }),
    ...(effort && { reasoning_effort: effort }),
    network: toNetwork(network),
    ...(repo.trim() && trust && { trust_repository: true }),
    ...(repo.trim() && include.length > 0 && { include }),
    ...(secrets.length > 0 && { secrets }),
    ...(setup && { setup }),
    ...(isPrivate && { visibility: 'private' as const }),
  };
}
