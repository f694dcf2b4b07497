import { z } from 'zod';
import { CREDENTIAL_OWNERS, Token } from './credentials.js';
import { openEnum } from './open-reading.js';
import { pageOf } from './pagination.js';

/** Those whose API we speak. gitea: Forgejo, too, such as Codeberg. bitbucket: Cloud; Data Center has another API. */
export const FORGE_KINDS = ['github', 'gitlab', 'gitea', 'bitbucket'] as const;
export type ForgeKind = (typeof FORGE_KINDS)[number];

/** Where the hosted ones are. Any other address is an installation of somebody's own. */
export const HOSTED_FORGES: Partial<Record<ForgeKind, string>> = {
  github: 'https://github.com',
  gitlab: 'https://gitlab.com',
  bitbucket: 'https://bitbucket.org',
};

/** Kinds whose tokens are each for one workspace, which the forge does not tell. */
export const FORGES_WITH_WORKSPACES: ReadonlySet<ForgeKind> = new Set(['bitbucket']);

/** The GitHub App that a connection is, as GitHub knows it. */
const GithubAppOfForge = z.object({
  name: z.string(),
  url: z.string().describe('Its page at GitHub'),
  install_url: z.string().describe('Where a person chooses the repositories that it may reach'),
});

/** A forge that was connected, without its token, which nobody can read again. */
export const Forge = z
  .object({
    forge_id: z.uuid(),
    kind: openEnum(FORGE_KINDS),
    owner: openEnum(CREDENTIAL_OWNERS).describe(
      'person: used only for what you do. organisation: for everybody who has no connection of their own',
    ),
    url: z.string().describe('Its address as a browser opens it, such as `https://github.com`'),
    host: z.string().describe('With its port, if that is not the usual one of https'),
    workspace: z
      .string()
      .nullable()
      .optional()
      .describe('Only repositories of this workspace are found, cloned and pushed with it; null: of all'),
    login: z
      .string()
      .nullable()
      .describe('Who the token belongs to, as the forge said at the last test; null: not asked yet'),
    created_at: z.iso.datetime(),
    last_used_at: z.iso.datetime().nullable().describe('null: never, since its token was saved'),
    refused_at: z.iso
      .datetime()
      .nullable()
      .describe('When the forge refused the token last; null: it has not, since it was saved'),
    github_app: GithubAppOfForge.optional().describe(
      'Left out: the connection is a token. For an App, tokens are made for each use and never kept',
    ),
  })
  .meta({ id: 'Forge' });
export type Forge = z.infer<typeof Forge>;

/** Your own connections and those of the organisation, by host. */
export const ForgePage = pageOf(Forge, 'ForgePage');
export type ForgePage = z.infer<typeof ForgePage>;

const ForgeUrl = z
  .string()
  .min(1)
  .max(260)
  .regex(/^https?:\/\/[A-Za-z0-9._:[\]-]+\/?$/, 'must be an address such as https://git.example.org');

/** Body of `POST /api/forges`. */
export const ConnectForge = z
  .strictObject({
    kind: z.enum(FORGE_KINDS),
    url: ForgeUrl.optional().describe('Default: the hosted one of this kind'),
    workspace: z
      .string()
      .trim()
      .toLowerCase()
      .regex(/^[a-z0-9_-]{1,100}$/, 'must be the name in the addresses of its repositories, such as acme')
      .optional()
      .describe('Of bitbucket, and of no other kind: the workspace that the token is for'),
    owner: z.enum(CREDENTIAL_OWNERS).default('person'),
    token: Token,
  })
  .refine(({ kind, workspace }) => FORGES_WITH_WORKSPACES.has(kind) === (workspace !== undefined), {
    message: 'must be given for bitbucket, and for no other kind',
    path: ['workspace'],
  })
  .meta({
    id: 'ConnectForge',
    examples: [
      { kind: 'github', token: 'ghp_0123456789abcdef' },
      { kind: 'bitbucket', workspace: 'acme', token: 'ATCTT3x0123456789abcdef' },
    ],
  });
export type ConnectForge = z.infer<typeof ConnectForge>;

/** Body of `POST /api/forges/github-apps`. */
export const CreateGithubApp = z
  .strictObject({
    url: ForgeUrl.optional().describe('Of an Enterprise Server. Default: `https://github.com`'),
    organisation: z
      .string()
      .regex(/^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98})$/, 'must be the name of an organisation, as in its address')
      .optional()
      .describe('Who is to own the App at GitHub. Default: the person who is signed in there'),
  })
  .meta({ id: 'CreateGithubApp', examples: [{ organisation: 'acme' }] });
export type CreateGithubApp = z.infer<typeof CreateGithubApp>;

/** Answer of `POST /api/forges/github-apps`: what a browser posts to GitHub, as a form. */
export const GithubAppForm = z
  .object({
    url: z.string().describe('Where to post the form, with `?state=` and the state after it'),
    state: z
      .string()
      .nullable()
      .describe('GitHub sends it back. It counts once, for you only; null in an answer that is repeated'),
    manifest: z.string().describe('The field `manifest` of the form: JSON, as GitHub describes it'),
    expires_at: z.iso.datetime().describe('Until then GitHub has to send you back'),
  })
  .meta({ id: 'GithubAppForm' });
export type GithubAppForm = z.infer<typeof GithubAppForm>;

/** Body of `POST /api/forges/github-apps/conversions`: what GitHub has added to the address to which it sent the browser. */
export const ConvertGithubApp = z
  .strictObject({
    code: z.string().regex(/^[A-Za-z0-9_-]{1,200}$/, 'must be the code that GitHub has sent'),
    state: z.string().regex(/^[A-Za-z0-9_-]{1,200}$/, 'must be the state that GitHub has sent back'),
  })
  .meta({ id: 'ConvertGithubApp' });
export type ConvertGithubApp = z.infer<typeof ConvertGithubApp>;

/** Body of `PATCH /api/forges/{forge_id}`: a new token in place of the old one. */
export const ReplaceForgeToken = z.strictObject({ token: Token }).meta({ id: 'ReplaceForgeToken' });
export type ReplaceForgeToken = z.infer<typeof ReplaceForgeToken>;

/** works: it was tried, or the forge says so. missing: it will be refused. unknown: the forge does not say, and trying would change something. */
export const FORGE_RIGHT_STATES = ['works', 'missing', 'unknown'] as const;

/** What a token is needed for. */
export const FORGE_RIGHTS = ['identity', 'read_repositories', 'push', 'pull_requests', 'checks'] as const;
export type ForgeRightName = (typeof FORGE_RIGHTS)[number];

export const ForgeRight = z.object({
  right: openEnum(FORGE_RIGHTS),
  state: openEnum(FORGE_RIGHT_STATES),
  detail: z.string().describe('What it is for; where it is missing, what to change at the forge'),
});
export type ForgeRight = z.infer<typeof ForgeRight>;

/** Answer of `POST /api/forges/{forge_id}/test`. */
export const ForgeTest = z
  .object({
    works: z.boolean().describe('Whether the forge takes the token'),
    detail: z.string().describe('What was found, and what to do'),
    login: z.string().nullable(),
    rights: z.array(ForgeRight),
    expires_at: z.iso.datetime().nullable().describe('When the token ends, if the forge says so'),
    retry_at: z.iso
      .datetime()
      .nullable()
      .describe('When the forge wants to be asked again, if it limits requests'),
  })
  .meta({ id: 'ForgeTest' });
export type ForgeTest = z.infer<typeof ForgeTest>;

/** Query of `GET /api/repositories`. */
export const RepositoriesQuery = z.object({
  query: z.string().trim().max(100).default('').describe('A part of the name. Empty: those changed last'),
  limit: z.coerce.number().int().min(1).max(50).default(20),
});
export type RepositoriesQuery = z.infer<typeof RepositoriesQuery>;

export const Repository = z.object({
  repo_url: z.string().describe('The address to open a session with'),
  name: z.string().describe('With its owner, such as `acme/app`'),
  description: z.string().nullable(),
  private: z.boolean(),
  default_branch: z.string().nullable().describe('null: it has no commit yet'),
  may_push: z.boolean().nullable().describe('null: the forge does not say'),
  forge_id: z.uuid().describe('The connection that found it'),
});
export type Repository = z.infer<typeof Repository>;

/** Answer of `GET /api/repositories`: what all connected forges know, or why one of them has not answered. */
export const RepositorySearch = z
  .object({
    items: z.array(Repository),
    failed: z.array(
      z.object({
        forge_id: z.uuid(),
        host: z.string(),
        detail: z.string().describe('What happened, and what to do'),
        retry_at: z.iso.datetime().nullable(),
      }),
    ),
  })
  .meta({ id: 'RepositorySearch' });
export type RepositorySearch = z.infer<typeof RepositorySearch>;

/** Query of `GET /api/repositories/refs`. */
export const RepositoryRefsQuery = z.object({ repo_url: z.string().min(1).max(2_000) });
export type RepositoryRefsQuery = z.infer<typeof RepositoryRefsQuery>;

/** Answer of `GET /api/repositories/refs`. */
export const RepositoryRefs = z
  .object({
    default_branch: z.string().nullable().describe('null: the repository has none, or does not say'),
    branches: z.array(z.string()),
    tags: z.array(z.string()).describe('Newest version first'),
    is_complete: z.boolean().describe('false: there are more than are listed'),
  })
  .meta({ id: 'RepositoryRefs' });
export type RepositoryRefs = z.infer<typeof RepositoryRefs>;
