import { z } from 'zod';
import { openEnum } from './open-reading.js';
import { pageOf } from './pagination.js';
import { MIN_SECRET_LENGTH } from './secrets.js';

/** token: a user name and a token or password, for https. ssh_key: a key pair, for ssh. */
export const CREDENTIAL_KINDS = ['token', 'ssh_key'] as const;
/** person: used only for what this person starts. organisation: used for everybody's sessions. */
export const CREDENTIAL_OWNERS = ['person', 'organisation'] as const;

/** Any that is not empty will do for most forges, where the token alone says who it is. */
export const DEFAULT_CREDENTIAL_USER = 'git';
const MAX_TOKEN_LENGTH = 4_000;

/** Git sends it in one line, and a forge makes it of letters, digits and a few signs. */
export const Token = z
  .string()
  .min(MIN_SECRET_LENGTH, `must have at least ${MIN_SECRET_LENGTH} characters`)
  .max(MAX_TOKEN_LENGTH)
  .regex(/^[\x21-\x7e]+$/, 'has spaces, line breaks or letters that no token has')
  .meta({ format: 'password' });

/** As OpenSSH writes it, without a passphrase. */
const PrivateKey = z
  .string()
  .max(16_384)
  .regex(/^\s*-----BEGIN [A-Z ]*PRIVATE KEY-----/, 'must be a private key as OpenSSH writes it')
  .meta({ format: 'password' });

const Fingerprint = z.string().max(100).describe('SHA256:…, as ssh shows it');

const credentialHost = z
  .string()
  .min(1)
  .max(260)
  .regex(/^[A-Za-z0-9._:[\]-]+$/, 'must be the name of a host, with its port if that is not the usual one');

/** In whole parts: `acme` is for `acme/app`, not for `acme-labs/app`. */
const credentialPath = z
  .string()
  .max(500)
  .regex(/^[A-Za-z0-9._~%/-]*$/, 'has characters that are not allowed in it');

/** What git uses to reach private repositories, without its secret part, which nobody can read again. */
export const Credential = z
  .object({
    credential_id: z.uuid(),
    kind: openEnum(CREDENTIAL_KINDS),
    owner: openEnum(CREDENTIAL_OWNERS).describe(
      'person: used only for sessions that you start. organisation: for those of everybody',
    ),
    host: z.string().describe('With its port, if that is not the usual one of https or ssh'),
    path: z
      .string()
      .describe('The repositories it is for: those whose path begins so. Empty: all of the host'),
    username: z.string().nullable().describe('Of a token'),
    public_key: z.string().nullable().describe('Of a key, to be added at the host: `ssh-ed25519 AAAA…`'),
    host_keys: z
      .array(z.object({ type: z.string(), fingerprint: Fingerprint }))
      .nullable()
      .describe("Of a key: the host's own keys, as they were found. null: nobody has asked for them"),
    host_keys_confirmed_at: z.iso
      .datetime()
      .nullable()
      .describe('Of a key: when a person confirmed those keys. Before that, the key is not used'),
    created_at: z.iso.datetime(),
    last_used_at: z.iso.datetime().nullable().describe('null: never, since it was saved'),
    refused_at: z.iso
      .datetime()
      .nullable()
      .describe('When the host refused it last; null: it has not, since it was saved'),
  })
  .meta({ id: 'Credential' });
export type Credential = z.infer<typeof Credential>;

/** Your own credentials and those of the organisation, by host and path. */
export const CredentialPage = pageOf(Credential, 'CredentialPage');
export type CredentialPage = z.infer<typeof CredentialPage>;

const place = {
  owner: z.enum(CREDENTIAL_OWNERS).default('person'),
  host: credentialHost,
  path: credentialPath.default(''),
};

/** Body of `POST /api/credentials`. */
export const CreateCredential = z
  .union([
    z.strictObject({
      kind: z.literal('token').default('token'),
      ...place,
      username: z
        .string()
        .min(1)
        .max(200)
        .regex(/^[^\p{Cc}:\s]+$/u, 'must not have spaces, colons or line breaks')
        .default(DEFAULT_CREDENTIAL_USER)
        .describe('Most forges take any name with a token. Bitbucket wants the one of your account'),
      token: Token,
    }),
    z.strictObject({
      kind: z.literal('ssh_key'),
      ...place,
      private_key: PrivateKey.optional().describe(
        'Default: a new key is made, and its public half is in the answer',
      ),
    }),
  ])
  .meta({
    id: 'CreateCredential',
    examples: [
      { host: 'github.com', path: 'acme', token: 'ghp_0123456789abcdef' },
      { kind: 'ssh_key', host: 'git.example.org', owner: 'organisation' },
    ],
  });
export type CreateCredential = z.infer<typeof CreateCredential>;

/** Body of `PATCH /api/credentials/{credential_id}`: a new token, or a private key, in place of the old one. */
export const ReplaceCredential = z
  .strictObject({ token: Token.optional(), private_key: PrivateKey.optional() })
  .refine((body) => Object.keys(body).length === 1, 'give token or private_key')
  .meta({ id: 'ReplaceCredential', minProperties: 1, maxProperties: 1 });
export type ReplaceCredential = z.infer<typeof ReplaceCredential>;

/** Body of `PUT /api/credentials/{credential_id}/host-keys`: those that the person has compared with the host's own. */
export const ConfirmHostKeys = z
  .strictObject({ fingerprints: z.array(Fingerprint).min(1).max(10) })
  .meta({ id: 'ConfirmHostKeys' });
export type ConfirmHostKeys = z.infer<typeof ConfirmHostKeys>;

/** Body of `POST /api/credentials/{credential_id}/test`. */
export const TestCredential = z
  .strictObject({ repo_url: z.string().min(1).max(2_000) })
  .meta({ id: 'TestCredential', examples: [{ repo_url: 'https://github.com/acme/app' }] });
export type TestCredential = z.infer<typeof TestCredential>;

export const CredentialTest = z
  .object({
    works: z.boolean().describe('Whether the repository can be read with it'),
    detail: z.string().describe('What was found, and what to do'),
  })
  .meta({ id: 'CredentialTest' });
export type CredentialTest = z.infer<typeof CredentialTest>;
