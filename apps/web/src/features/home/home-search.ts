import { z } from 'zod';
import type { NewSessionDraft } from '../../entities/session/new-session-draft.js';

/** The home page's address can fill in the composer of a new session: `/?repo=…&ref=…&prompt=…`. */
export const HomeSearch = z.object({
  repo: z.string().optional().catch(undefined),
  ref: z.string().optional().catch(undefined),
  prompt: z.string().optional().catch(undefined),
});
export type HomeSearch = z.infer<typeof HomeSearch>;

/**
 * The part of the draft that a link fills in. A repository without a ref means its default branch. Nobody has said yet that they
 * trust it, or that their credentials fetch what it refers to.
 */
export function draftFromLink({ repo, ref, prompt }: HomeSearch): Partial<NewSessionDraft> {
  return {
    ...(repo !== undefined && { repo, ref: ref ?? '', trust: false, include: [] }),
    ...(prompt !== undefined && { prompt }),
  };
}
