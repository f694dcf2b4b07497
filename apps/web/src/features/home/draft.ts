import type { CreateSession } from '@saas-codex/contracts/sessions';
import { useCallback, useState } from 'react';
import { z } from 'zod';
import { draftKeys } from '../../shared/lib/drafts.js';
import { stored } from '../../shared/lib/stored.js';
import { NETWORK_DRAFT_OFF, NetworkDraft, toNetwork } from '../environment/network-draft.js';
import { NO_SETUP, SetupDraft, toSetup } from '../environment/setup-draft.js';
import type { HomeSearch } from './home-search.js';

/** What the composer of a new session holds; all of it text as typed. `repo` is empty for an empty repository. */
const Draft = z.object({
  prompt: z.string().catch(''),
  repo: z.string().catch(''),
  ref: z.string().catch(''),
  model: z.string().catch(''),
  network: NetworkDraft.catch(NETWORK_DRAFT_OFF),
  setup: SetupDraft.catch(NO_SETUP),
});
export type Draft = z.infer<typeof Draft>;

function readDraft(): Draft {
  try {
    return Draft.parse(JSON.parse(stored.read(draftKeys.newSession) ?? '{}'));
  } catch {
    return Draft.parse({});
  }
}

const writeDraft = (draft: Draft): void => stored.write(draftKeys.newSession, JSON.stringify(draft));

/** Puts into the draft what the next visit to the home page begins with. */
export const offerDraft = (part: Partial<Draft>): void => writeDraft({ ...readDraft(), ...part });

/** The draft, kept in this browser until it is sent. */
export function useDraft() {
  const [draft, setDraft] = useState<Draft>(readDraft);
  const change = useCallback((part: Partial<Draft>) => {
    setDraft((before) => {
      const next = { ...before, ...part };
      writeDraft(next);
      return next;
    });
  }, []);
  /** Sent: the text is gone; repository, model, network and setup stay for the next one. */
  const clear = useCallback(() => change({ prompt: '', ref: '' }), [change]);
  return { draft, change, clear };
}

/** What a link to the home page fills in; a repository without a ref means its default branch. */
export function draftFromLink({ repo, ref, prompt }: HomeSearch): Partial<Draft> {
  return {
    ...(repo !== undefined && { repo, ref: ref ?? '' }),
    ...(prompt !== undefined && { prompt }),
  };
}

/** The request's body; what is empty is left out. */
export function toRequest({
  repo,
  ref,
  model,
  network,
  setup: setupDraft,
}: Draft): z.input<typeof CreateSession> {
  const setup = toSetup(setupDraft);
  return {
    ...(repo.trim() && { repo_url: repo.trim() }),
    ...(repo.trim() && ref.trim() && { ref: ref.trim() }),
    ...(model.trim() && { model: model.trim() }),
    network: toNetwork(network),
    ...(setup && { setup }),
  };
}
