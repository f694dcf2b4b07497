import { z } from 'zod';
import { openEnum } from './open-reading.js';

export const AUTHOR_KINDS = ['person', 'api_key', 'service_account', 'system'] as const;

/** Who did something, under the names of that time. */
export const Author = z
  .object({
    kind: openEnum(AUTHOR_KINDS).describe('api_key: a program, with a key of this person'),
    id: z
      .string()
      .describe(
        '`user_id` of the person, also for a key of theirs; or id of the service account, or part of the system',
      ),
    name: z.string().nullable().describe('As it was then; null: it is not known'),
    key_name: z.string().nullable().optional().describe('Name of the API key'),
  })
  .meta({ id: 'Author' });
export type Author = z.infer<typeof Author>;
