import { z } from 'zod';
import { BranchPattern } from './branch-pattern.js';
import { pageOf } from './pagination.js';

/*
 * What admins of an organisation decide for its repositories. Of the rules that cover a repository, the one with the longest path
 * holds; where none does, the installation's settings do.
 */

/** Rules of one organisation. */
export const MAX_REPOSITORY_RULES = 200;

const host = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[A-Za-z0-9._-]+$|^\[[0-9a-fA-F:.]+\]$/, 'must be the name of a host, without a port')
  .describe('Name of the host. Its port does not matter, nor whether git reaches it over https or ssh');

/** In whole parts: `acme` is for `acme/app`, not for `acme-labs/app`. */
const path = z
  .string()
  .max(500)
  .regex(/^[A-Za-z0-9._~/-]*$/, 'has characters that are not allowed in it');

const pattern = BranchPattern.nullable().describe(
  'What names of branches look like, such as `codex/{person}/{title}-{id}`. `{person}` and `{title}` stand for words of their own, `{id}` for the session. null: the pattern of the installation is proposed, and any name may be chosen',
);

const allowDefault = z
  .boolean()
  .describe(
    'Whether sessions may push to the default branch. Commits of others are not overwritten there, either',
  );

export const RepositoryRule = z
  .object({
    rule_id: z.uuid(),
    host: z.string(),
    path: z
      .string()
      .describe('The repositories it is for: those whose path begins so. Empty: all of the host'),
    branch_pattern: pattern,
    allow_default_branch: allowDefault,
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'RepositoryRule' });
export type RepositoryRule = z.infer<typeof RepositoryRule>;

/** By host and path. */
export const RepositoryRulePage = pageOf(RepositoryRule, 'RepositoryRulePage');
export type RepositoryRulePage = z.infer<typeof RepositoryRulePage>;

/** Body of `POST /api/repository-rules`. */
export const CreateRepositoryRule = z
  .strictObject({
    host,
    path: path.default(''),
    branch_pattern: pattern.default(null),
    allow_default_branch: allowDefault.default(false),
  })
  .meta({
    id: 'CreateRepositoryRule',
    examples: [{ host: 'github.com', path: 'acme', branch_pattern: 'codex/{person}/{title}-{id}' }],
  });
export type CreateRepositoryRule = z.infer<typeof CreateRepositoryRule>;

/** Body of `PATCH /api/repository-rules/{rule_id}`. */
export const UpdateRepositoryRule = z
  .strictObject({ branch_pattern: pattern.optional(), allow_default_branch: allowDefault.optional() })
  .refine((body) => Object.keys(body).length > 0, 'give branch_pattern or allow_default_branch')
  .meta({ id: 'UpdateRepositoryRule', minProperties: 1 });
export type UpdateRepositoryRule = z.infer<typeof UpdateRepositoryRule>;
