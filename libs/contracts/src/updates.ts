import { z } from 'zod';
import { Run } from './runs.js';

/** Answer of `GET /api/sessions/{session_id}/base`: how the session stands to the branch that its work is for. */
export const BaseBranch = z
  .object({
    branch: z.string(),
    commit: z.string().describe('Where the branch is now'),
    behind: z
      .int()
      .describe(
        'How many commits of the branch the session does not have. 0: it has all, or the branch went back',
      ),
  })
  .meta({ id: 'BaseBranch' });
export type BaseBranch = z.infer<typeof BaseBranch>;

/** Answer of `POST /api/sessions/{session_id}/updates`. */
export const BaseUpdate = z
  .object({
    run: Run.describe('Merges the branch into the files. To undo it, revert it'),
    behind: z.int().describe('How many commits it brings'),
    conflicts: z
      .array(z.string())
      .describe('Files in which both have changed the same lines. They get conflict markers'),
    resolving: Run.nullable().describe(
      'The prompt that asks Codex to resolve the conflicts; null: there are none',
    ),
  })
  .meta({ id: 'BaseUpdate' });
export type BaseUpdate = z.infer<typeof BaseUpdate>;
