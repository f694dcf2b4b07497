import { z } from 'zod';
import { openEnum } from './open-reading.js';

export const HOME_LAYERS = ['setup', 'agents'] as const;
export const HOME_CHANGES = ['added', 'modified', 'deleted'] as const;

/** The most changes that a layer lists. */
export const MAX_HOME_CHANGES = 200;

export const HomeChange = z
  .object({
    path: z.string().describe('Below HOME'),
    status: openEnum(HOME_CHANGES),
    bytes: z.int().describe('0 for a deleted file'),
  })
  .meta({ id: 'HomeChange' });
export type HomeChange = z.infer<typeof HomeChange>;

export const HomeLayer = z
  .object({
    layer: openEnum(HOME_LAYERS).describe(
      'setup: what setup scripts left in their HOME. agents: what agents changed in their copy of it',
    ),
    files: z.int().describe('How many files were added, modified or deleted'),
    bytes: z.int(),
    changes: z.array(HomeChange).describe(`At most ${MAX_HOME_CHANGES} of them, by path`),
    incomplete: z
      .boolean()
      .optional()
      .describe('true: there are too many files to compare, or some folder cannot be read, so there is more'),
  })
  .meta({ id: 'HomeLayer' });
export type HomeLayer = z.infer<typeof HomeLayer>;

/** What a session's runs keep outside of its repository. Empty layers where runs have no jail. */
export const Home = z.object({ layers: z.array(HomeLayer) }).meta({ id: 'Home' });
export type Home = z.infer<typeof Home>;
