import { z } from 'zod';

/*
 * The key with which an organisation signs the commits of its sessions. Its private half never leaves the platform:
 *
 *     none ── POST ──► a key ── POST ──► another key
 *       ▲                │
 *       └──── DELETE ────┘
 */

export const SigningKey = z
  .object({
    public_key: z
      .string()
      .describe('To be added at the forge as a signing key, and to allowed_signers: `ssh-ed25519 AAAA…`'),
    fingerprint: z.string().describe('As ssh and forges show it: SHA256:…'),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'SigningKey' });
export type SigningKey = z.infer<typeof SigningKey>;

export const CommitSigning = z
  .object({ key: SigningKey.nullable().describe('null: commits are not signed') })
  .meta({ id: 'CommitSigning' });
export type CommitSigning = z.infer<typeof CommitSigning>;
