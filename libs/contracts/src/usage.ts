import { z } from 'zod';

const bytes = z.int().nonnegative();

/** What a tenant uses of the platform. */
export const TenantUsage = z
  .object({
    disk: z.object({
      workspaces_bytes: bytes.describe("Size of the sessions' folders at the last measurement"),
      mirrors_bytes: bytes.describe(
        'Size of the repository mirrors, which sessions on the same repository share',
      ),
      quota_bytes: bytes.nullable().describe('Limit for both together; null: no limit'),
      measured_at: z.iso
        .datetime()
        .nullable()
        .describe('Time of the last measurement; null: not measured yet'),
    }),
    sessions: z.object({ live: z.int(), archived: z.int() }),
    runs: z.object({ queued: z.int(), running: z.int(), total: z.int() }),
  })
  .meta({ id: 'TenantUsage' });
export type TenantUsage = z.infer<typeof TenantUsage>;
