import { z } from 'zod';

/** What the composer of a new session starts with: a link may fill it in. */
export const HomeSearch = z.object({
  repo: z.string().optional().catch(undefined),
  ref: z.string().optional().catch(undefined),
  prompt: z.string().optional().catch(undefined),
});
export type HomeSearch = z.infer<typeof HomeSearch>;
