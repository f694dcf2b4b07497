import { z } from 'zod';
import { Author } from './authors.js';
import { Id } from './ids.js';
import { openEnum } from './open-reading.js';
import { MAX_PROMPT_LENGTH } from './runs.js';
import { writtenText } from './text.js';
import type { TransitionTable } from './transitions.js';

/** Where `HEAD` of the agent's own repository is. */
export const AgentHead = z.object({
  /** The branch, `refs/heads/…`; null: HEAD is detached. */
  ref: z.string().max(1000).nullable(),
  commit: z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/),
});
export type AgentHead = z.infer<typeof AgentHead>;

/** No run starts while a session is `rewinding` or `undoing`. */
export const REWIND_STATUSES = ['rewinding', 'rewound', 'failed', 'undoing', 'undone'] as const;
export type RewindStatus = (typeof REWIND_STATUSES)[number];

export const REWIND_TRANSITIONS: TransitionTable<RewindStatus> = {
  rewinding: ['rewound', 'failed'],
  rewound: ['undoing'],
  undoing: ['undone', 'rewound'],
  failed: [],
  undone: [],
};

export const SessionRewind = z
  .object({
    rewind_id: z.uuid(),
    run_id: z.uuid().describe('The session is as it was before this run'),
    status: openEnum(REWIND_STATUSES).describe(
      'rewinding and undoing: no run starts meanwhile. rewound: it can be undone until the next run starts. failed, undone: files and conversation are as before',
    ),
    failure: z.string().nullable().describe('Why it, or undoing it, was not possible, and what to do'),
    by: Author,
    at: z.iso.datetime(),
  })
  .meta({ id: 'SessionRewind' });
export type SessionRewind = z.infer<typeof SessionRewind>;

/** Body of `POST /api/sessions/{session_id}/rewind`. */
export const RewindSession = z
  .strictObject({
    run_id: Id.describe('The session goes back to how it was before this run'),
  })
  .meta({ id: 'RewindSession', examples: [{ run_id: '01a20ab5-ad03-774a-840c-f8dd44ecbc3d' }] });
export type RewindSession = z.infer<typeof RewindSession>;

/** Body of `POST /api/sessions/{session_id}/fork`. */
export const ForkSession = z
  .strictObject({
    run_id: Id.describe('The new session begins as this one was after the run'),
    prompt: writtenText(MAX_PROMPT_LENGTH).optional().describe('Its first prompt'),
  })
  .meta({
    id: 'ForkSession',
    examples: [{ run_id: '01a20ab5-ad03-774a-840c-f8dd44ecbc3d', prompt: 'Try it without a library.' }],
  });
export type ForkSession = z.infer<typeof ForkSession>;
