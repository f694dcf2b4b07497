import { z } from 'zod';

/* What is read of Bitbucket's answers. Nothing of it is ours to choose, so nothing that may be missing is demanded. */

const link = z.object({ href: z.string() });

export const RepositoryAnswer = z.object({
  full_name: z.string(),
  description: z.string().nullish(),
  is_private: z.boolean(),
  /** Missing: it has no commit yet. */
  mainbranch: z.object({ name: z.string() }).nullish(),
  links: z.object({ html: link, clone: z.array(link.extend({ name: z.string() })) }),
});
export type RepositoryAnswer = z.infer<typeof RepositoryAnswer>;

/** A branch or a tag. */
export const RefAnswer = z.object({ name: z.string(), target: z.object({ hash: z.string() }) });
export type RefAnswer = z.infer<typeof RefAnswer>;

export const CommitAnswer = z.object({ hash: z.string() });

/** A person, or an access token. */
export const AccountAnswer = z.object({
  uuid: z.string().optional(),
  account_id: z.string().nullish(),
  nickname: z.string().optional(),
  display_name: z.string().optional(),
});
export type AccountAnswer = z.infer<typeof AccountAnswer>;

const branch = z.object({ name: z.string() });

export const PullRequestAnswer = z.object({
  id: z.int(),
  title: z.string(),
  summary: z.object({ raw: z.string().nullish() }).nullish(),
  state: z.enum(['OPEN', 'MERGED', 'DECLINED', 'SUPERSEDED']),
  draft: z.boolean().default(false),
  close_source_branch: z.boolean().default(false),
  source: z.object({
    branch,
    /** Its hash is short. null: the branch is gone. */
    commit: CommitAnswer.nullish(),
    /** null: the fork is gone. */
    repository: z.object({ full_name: z.string() }).nullish(),
  }),
  destination: z.object({ branch }),
  links: z.object({ html: link }),
  created_on: z.string(),
  author: AccountAnswer.nullish(),
  /** Lists leave these out unless they are asked for them. */
  reviewers: z.array(AccountAnswer).default([]),
  participants: z
    .array(
      z.object({
        user: AccountAnswer.nullish(),
        state: z.enum(['approved', 'changes_requested']).nullish(),
        participated_on: z.string().nullish(),
      }),
    )
    .default([]),
});
export type PullRequestAnswer = z.infer<typeof PullRequestAnswer>;

export const CommentAnswer = z.object({
  user: AccountAnswer.nullish(),
  content: z.object({ raw: z.string().nullish() }),
  /** Missing: about the whole pull request. */
  inline: z
    .object({
      path: z.string(),
      /** The line of the new file. */
      to: z.int().nullish(),
      outdated: z.boolean().nullish(),
    })
    .nullish(),
  deleted: z.boolean().default(false),
  /** Its author has not sent it yet. */
  pending: z.boolean().default(false),
  links: z.object({ html: link.optional() }).optional(),
  created_on: z.string(),
});
export type CommentAnswer = z.infer<typeof CommentAnswer>;

export const StatusAnswer = z.object({
  key: z.string(),
  name: z.string().nullish(),
  state: z.enum(['SUCCESSFUL', 'FAILED', 'STOPPED', 'INPROGRESS']),
  description: z.string().nullish(),
  url: z.string().nullish(),
});
export type StatusAnswer = z.infer<typeof StatusAnswer>;
