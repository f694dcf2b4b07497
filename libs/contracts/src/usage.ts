import { z } from 'zod';
import { openEnum } from './open-reading.js';

const bytes = z.int().nonnegative();

const tokens = z.int().nonnegative();
const spent = {
  calls: z.int().nonnegative().describe('Model calls'),
  input_tokens: tokens,
  cached_input_tokens: tokens.describe('Part of the input'),
  output_tokens: tokens,
  reasoning_output_tokens: tokens.describe('Part of the output'),
  tokens: tokens.describe(
    'What counts for limits: input and output, and of calls whose usage nobody knows all that they could have used',
  ),
  micro_usd: z
    .int()
    .nonnegative()
    .describe('In micro-dollars, at the prices of the time; unknown prices count as 0'),
};

/** What model calls used. */
export const Spent = z.object(spent).meta({ id: 'Spent' });
export type Spent = z.infer<typeof Spent>;

/** What model calls used on the days asked for, from the ledger. Calls under way are not in it. */
export const SpentReport = z
  .object({
    from: z.iso.date(),
    to: z.iso.date().describe('The last day, in UTC'),
    of: openEnum(['everyone', 'yourself']).describe(
      'Whose calls. What others have spent is shown to those who may manage limits',
    ),
    total: Spent,
    by_day: z.array(z.object({ day: z.iso.date(), ...spent })),
    by_person: z.array(z.object({ user_id: z.string(), ...spent })),
    by_repository: z.array(z.object({ repo_url: z.string().nullable(), ...spent })),
    by_model: z.array(z.object({ model: z.string(), ...spent })),
  })
  .meta({ id: 'SpentReport' });
export type SpentReport = z.infer<typeof SpentReport>;

/** Most days in one report. */
const MAX_DAYS = 400;
const day = z.iso.date().refine((text) => text >= '2000-01-01' && text <= '2999-12-31', 'is too far away');

export const UsageQuery = z
  .object({
    from: day.optional().describe('The first day, in UTC; default: 30 days up to `to`'),
    to: day.optional().describe('The last day; default: today'),
  })
  .refine(
    ({ from, to }) => from === undefined || to === undefined || from <= to,
    'must not end before it begins',
  )
  .refine(
    ({ from, to }) =>
      from === undefined ||
      (Date.parse(to ?? new Date().toISOString()) - Date.parse(from)) / 86_400_000 <= MAX_DAYS,
    `must not be longer than ${MAX_DAYS} days`,
  );
export type UsageQuery = z.infer<typeof UsageQuery>;

/** What a tenant uses of the platform. */
export const TenantUsage = z
  .object({
    disk: z.object({
      workspaces_bytes: bytes.describe("Size of the sessions' folders at the last measurement"),
      mirrors_bytes: bytes.describe(
        'Size of the repository mirrors, which sessions on the same repository share',
      ),
      images_bytes: bytes.optional().describe('Size of the images of prompts'),
      quota_bytes: bytes.nullable().describe('Limit for all of them together; null: no limit'),
      measured_at: z.iso
        .datetime()
        .nullable()
        .describe('Time of the last measurement; null: not measured yet'),
    }),
    sessions: z.object({ live: z.int(), archived: z.int() }),
    runs: z.object({ queued: z.int(), running: z.int(), total: z.int() }),
    spent: SpentReport.optional(),
  })
  .meta({ id: 'TenantUsage' });
export type TenantUsage = z.infer<typeof TenantUsage>;
