import { z } from 'zod';

/** Who watches a session counts as gone when a request to renew that does not come for this long. */
export const PRESENCE_TIMEOUT_SECONDS = 50;
/** How often a page renews it. */
export const PRESENCE_RENEWED_EVERY_SECONDS = 20;
/** Of those who watch a session at the same time, this many are known. */
export const MAX_WATCHERS = 50;

export const Watcher = z
  .object({
    user_id: z.string().describe('Of the person, also for a key of theirs; or id of a service account'),
    name: z.string(),
  })
  .meta({ id: 'Watcher' });
export type Watcher = z.infer<typeof Watcher>;

/** Who watches a session now, each once, in no particular order. */
export const Presence = z
  .object({ watchers: z.array(Watcher).describe(`At most ${MAX_WATCHERS}`) })
  .meta({ id: 'Presence' });
export type Presence = z.infer<typeof Presence>;
