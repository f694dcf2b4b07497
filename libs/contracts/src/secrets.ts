import { z } from 'zod';
import { openEnum } from './open-reading.js';
import { pageOf, PageQuery } from './pagination.js';

/** What tenants entrust to us. Only environment secrets are made by people through `/api/secrets`. */
export const SECRET_KINDS = [
  'environment',
  'model_key',
  'git_credential',
  'forge_token',
  'forge_webhook',
  'signing_key',
  'webhook_secret',
] as const;
export type SecretKind = (typeof SECRET_KINDS)[number];

/** Characters. A shorter value is easily guessed, and redacting it would damage texts that contain it by chance. */
export const MIN_SECRET_LENGTH = 8;
/** Bytes in UTF-8. All secrets of a run fit into one request to a runner. */
export const MAX_SECRET_BYTES = 8 * 1024;
/** Secrets of all kinds together. */
export const MAX_SECRETS_PER_TENANT = 200;
export const MAX_SECRETS_PER_SESSION = 20;

/** Variables that belong to the sandbox: another value would break it, or its way to the network. */
const RESERVED =
  /^(PATH|HOME|SHELL|USER|USERNAME|LOGNAME|LANG|TERM|PWD|IFS|ENV|BASH_ENV|TMPDIR|TEMP|TMP|(HTTPS?|ALL|NO)_PROXY|SSL_CERT_FILE|NODE_EXTRA_CA_CERTS|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|GIT_SSL_CAINFO|CARGO_HTTP_CAINFO|PIP_CERT|AWS_CA_BUNDLE|NPM_CONFIG_(CAFILE|GLOBALCONFIG)|(CODEX|SAAS_CODEX|LD|DYLD)_.*)$/i;
const PATTERN = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/;

/** A name of an environment variable. */
export const SecretName = z
  .string()
  .regex(PATTERN, 'must be a name of an environment variable: letters, digits and _, no digit first')
  .refine((name) => !RESERVED.test(name), 'belongs to the sandbox. Choose another name');

/** A value is kept exactly as it was sent. */
export const SecretValue = z
  .string()
  .refine(
    (value) => value.trim().length >= MIN_SECRET_LENGTH,
    `must have at least ${MIN_SECRET_LENGTH} characters`,
  )
  .refine(
    (value) => new TextEncoder().encode(value).length <= MAX_SECRET_BYTES,
    `must have at most ${MAX_SECRET_BYTES} bytes`,
  )
  .meta({ minLength: MIN_SECRET_LENGTH, maxLength: MAX_SECRET_BYTES, format: 'password' });

/** A secret without its value, which nobody can read again. */
export const Secret = z
  .object({
    secret_id: z.uuid(),
    kind: openEnum(SECRET_KINDS),
    name: z.string().describe('An environment secret: the variable that has its value'),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime().describe('When its value was last replaced'),
  })
  .meta({ id: 'Secret' });
export type Secret = z.infer<typeof Secret>;

/** The tenant's secrets, by name. */
export const SecretPage = pageOf(Secret, 'SecretPage');
export type SecretPage = z.infer<typeof SecretPage>;

export const SecretsQuery = PageQuery.extend({
  kind: z.enum(SECRET_KINDS).optional().describe('Only secrets of this kind'),
});
export type SecretsQuery = z.infer<typeof SecretsQuery>;

/** Body of `POST /api/secrets`. */
export const CreateSecret = z
  .strictObject({ name: SecretName, value: SecretValue })
  .meta({ id: 'CreateSecret', examples: [{ name: 'NPM_TOKEN', value: 'npm_0123456789abcdef' }] });
export type CreateSecret = z.infer<typeof CreateSecret>;

/** Body of `PATCH /api/secrets/{secret_id}`: renames it, or replaces its value. */
export const UpdateSecret = z
  .strictObject({ name: SecretName.optional(), value: SecretValue.optional() })
  .refine((body) => Object.keys(body).length > 0, 'give name or value')
  .meta({ id: 'UpdateSecret', minProperties: 1 });
export type UpdateSecret = z.infer<typeof UpdateSecret>;

/** Names of the environment secrets that a session's setup and agent get. */
export const SecretNames = z
  .array(SecretName)
  .max(MAX_SECRETS_PER_SESSION)
  .refine((names) => new Set(names).size === names.length, 'names a secret twice');
