import { z } from 'zod';

const bytes = z.int().nonnegative();

/** What a tenant takes of the platform. */
export const TenantUsage = z
  .object({
    disk: z.object({
      workspaces_bytes: bytes.describe("The sessions' folders, as they were last measured"),
      mirrors_bytes: bytes.describe('What its sessions on the same repository share'),
      quota_bytes: bytes.nullable().describe('What both may take together; null: no limit'),
      measured_at: z.iso.datetime().nullable().describe('null: not yet'),
    }),
    sessions: z.object({ live: z.int(), archived: z.int() }),
    runs: z.object({ queued: z.int(), running: z.int(), total: z.int() }),
  })
  .meta({ id: 'TenantUsage' });
export type TenantUsage = z.infer<typeof TenantUsage>;
