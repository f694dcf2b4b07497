import { z } from 'zod';
import { openEnum } from './open-reading.js';
import { pageOf } from './pagination.js';
import { MIN_SECRET_LENGTH } from './secrets.js';

/** token: a user name and a token or password, for https. */
export const CREDENTIAL_KINDS = ['token'] as const;
/** person: used only for what this person starts. organisation: used for everybody's sessions. */
export const CREDENTIAL_OWNERS = ['person', 'organisation'] as const;

/** Any that is not empty will do for most forges, where the token alone says who it is. */
export const DEFAULT_CREDENTIAL_USER = 'git';
const MAX_TOKEN_LENGTH = 4_000;

/** Git sends it in one line, and a forge makes it of letters, digits and a few signs. */
const Token = z
  .string()
  .min(MIN_SECRET_LENGTH, `must have at least ${MIN_SECRET_LENGTH} characters`)
  .max(MAX_TOKEN_LENGTH)
  .regex(/^[\x21-\x7e]+$/, 'has spaces, line breaks or letters that no token has')
  .meta({ format: 'password' });

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
    host: z.string().describe('With its port, if that is not the usual one of https'),
    path: z
      .string()
      .describe('The repositories it is for: those whose path begins so. Empty: all of the host'),
    username: z.string(),
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

/** Body of `POST /api/credentials`. */
export const CreateCredential = z
  .strictObject({
    kind: z.enum(CREDENTIAL_KINDS).default('token'),
    owner: z.enum(CREDENTIAL_OWNERS).default('person'),
    host: credentialHost,
    path: credentialPath.default(''),
    username: z
      .string()
      .min(1)
      .max(200)
      .regex(/^[^\p{Cc}:\s]+$/u, 'must not have spaces, colons or line breaks')
      .default(DEFAULT_CREDENTIAL_USER)
      .describe('Most forges take any name with a token. Bitbucket wants the one of your account'),
    token: Token,
  })
  .meta({
    id: 'CreateCredential',
    examples: [{ host: 'github.com', path: 'acme', token: 'ghp_0123456789abcdef' }],
  });
export type CreateCredential = z.infer<typeof CreateCredential>;

/** Body of `PATCH /api/credentials/{credential_id}`: a new token in place of the old one. */
export const ReplaceCredential = z.strictObject({ token: Token }).meta({ id: 'ReplaceCredential' });
export type ReplaceCredential = z.infer<typeof ReplaceCredential>;

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
