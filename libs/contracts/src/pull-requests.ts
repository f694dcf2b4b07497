import { z } from 'zod';
import { KeepGreen } from './keep-green.js';
import { openEnum } from './open-reading.js';
import { PROBLEM_CODES } from './problems.js';
import { writtenText } from './text.js';

/** As the forge has it. */
const PULL_REQUEST_STATES = ['draft', 'open', 'merged', 'closed'] as const;
export type PullRequestState = (typeof PULL_REQUEST_STATES)[number];

/** pending: what was asked for is on its way to the forge. */
const PULL_REQUEST_STATUSES = ['pending', 'ready', 'failed'] as const;

const CHECK_STATES = ['pending', 'passed', 'failed'] as const;
export type CheckState = (typeof CHECK_STATES)[number];

const REVIEW_STATES = ['approved', 'changes_requested', 'commented'] as const;

/** In characters. */
export const MAX_PULL_REQUEST_TITLE = 250;
export const MAX_PULL_REQUEST_BODY = 60_000;
const MAX_PULL_REQUEST_LABELS = 20;
const MAX_PULL_REQUEST_REVIEWERS = 15;

const checksState = openEnum(CHECK_STATES)
  .nullable()
  .describe(
    'failed: at least one has failed. pending: none has, and not all have ended. null: there are none',
  );
const state = openEnum(PULL_REQUEST_STATES);
const status = openEnum(PULL_REQUEST_STATUSES).describe(
  'pending: what was asked for is on its way to the forge. failed: `failure` of the pull request says why, and what to do',
);

/** What lists show of a session's pull request. */
export const PullRequestSummary = z
  .object({
    status,
    number: z.int().nullable().describe('null: the forge has none yet'),
    url: z.string().nullable(),
    state: state.nullable(),
    checks: checksState,
    changed_at: z.iso
      .datetime()
      .describe('When anything of it last changed, also what only the pull request itself has'),
  })
  .meta({ id: 'PullRequestSummary' });
export type PullRequestSummary = z.infer<typeof PullRequestSummary>;

export const PullRequestCheck = z
  .object({
    name: z.string(),
    state: openEnum(CHECK_STATES),
    url: z.string().nullable().describe('Where the forge shows it'),
    summary: z.string().nullable().describe('What it said'),
    log: z.string().nullable().describe('Of one that failed: the part of its log that matters'),
  })
  .meta({ id: 'PullRequestCheck' });
export type PullRequestCheck = z.infer<typeof PullRequestCheck>;

export const PullRequestReview = z
  .object({
    author: z.string().describe('Their name at the forge'),
    state: openEnum(REVIEW_STATES),
    body: z.string(),
    at: z.iso.datetime(),
  })
  .meta({ id: 'PullRequestReview' });
export type PullRequestReview = z.infer<typeof PullRequestReview>;

export const PullRequestComment = z
  .object({
    author: z.string().describe('Their name at the forge'),
    path: z.string(),
    line: z.int().nullable().describe('null: the line is no longer part of the changes'),
    body: z.string(),
    url: z.string(),
    at: z.iso.datetime(),
  })
  .meta({ id: 'PullRequestComment' });
export type PullRequestComment = z.infer<typeof PullRequestComment>;

/** The one pull request of a session, as it was asked for, and as the forge last said it is. */
export const PullRequest = z
  .object({
    session_id: z.uuid(),
    status,
    failure: z
      .object({ code: openEnum(PROBLEM_CODES), detail: z.string() })
      .nullable()
      .describe('Why it is not, or not wholly, as it was asked for, or why the forge cannot be read now'),
    retry_at: z.iso
      .datetime()
      .nullable()
      .describe('When the forge is asked again by itself, after a failure'),
    number: z.int().nullable().describe('null: the forge has none yet'),
    url: z.string().nullable(),
    state: state.nullable(),
    title: z.string(),
    body: z.string(),
    base: z
      .string()
      .nullable()
      .describe('The branch into which it is to be merged; null: the default branch'),
    head: z.string().describe('The branch that was pushed'),
    labels: z.array(z.string()),
    reviewers: z.array(z.string()),
    conflicts: z
      .boolean()
      .nullable()
      .describe('Whether it conflicts with its base. null: the forge does not know yet'),
    checks_state: checksState,
    checks: z.array(PullRequestCheck),
    reviews: z.array(PullRequestReview).describe('The last one of each person'),
    comments: z.array(PullRequestComment).describe('At lines of the changes, oldest first'),
    prompt: z
      .string()
      .nullable()
      .describe(
        'What keeps it from being merged, as a prompt for Codex. It quotes what people and programs wrote at the forge: read it ' +
          'before you send it. null: nothing does',
      ),
    keep_green: KeepGreen.nullable()
      .optional()
      .describe('How what fails is mended by itself; null: it is not'),
    read_at: z.iso.datetime().nullable().describe('When the forge was last read'),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'PullRequest' });
export type PullRequest = z.infer<typeof PullRequest>;

const names = (max: number) =>
  z
    .array(writtenText(100))
    .max(max)
    .refine((all) => new Set(all).size === all.length, 'names one twice');

const branch = z
  .string()
  .min(1)
  .max(250)
  .regex(/^[^\p{Cc}\s~^:?*[\\]+$/u, 'is not the name of a branch');

const fields = {
  title: writtenText(MAX_PULL_REQUEST_TITLE),
  body: z.string().max(MAX_PULL_REQUEST_BODY),
  base: branch.describe('The branch into which it is to be merged'),
  labels: names(MAX_PULL_REQUEST_LABELS),
  reviewers: names(MAX_PULL_REQUEST_REVIEWERS).describe('Their names at the forge'),
};

/** Body of `POST /api/sessions/{session_id}/pull-request`. */
export const OpenPullRequest = z
  .strictObject({
    title: fields.title,
    body: fields.body.default(''),
    base: fields.base
      .optional()
      .describe('Default: the branch that the session began with, else the default branch'),
    draft: z.boolean().default(true),
    labels: fields.labels.default([]),
    reviewers: fields.reviewers.default([]),
  })
  .meta({
    id: 'OpenPullRequest',
    examples: [{ title: 'Say hello in French', body: 'Asked for in #12.', draft: true }],
  });
export type OpenPullRequest = z.infer<typeof OpenPullRequest>;

/** Body of `PATCH /api/sessions/{session_id}/pull-request`. */
export const UpdatePullRequest = z
  .strictObject(fields)
  .partial()
  .refine((body) => Object.keys(body).length > 0, 'give title, body, base, labels or reviewers')
  .meta({ id: 'UpdatePullRequest', minProperties: 1, examples: [{ title: 'Say hello in French' }] });
export type UpdatePullRequest = z.infer<typeof UpdatePullRequest>;

/** Answer to `POST /api/forges/{forge_id}/webhook`. */
export const ForgeWebhook = z
  .object({
    url: z.url().describe('The address that the forge is to call'),
    secret: z
      .string()
      .nullable()
      .describe(
        'With which the forge signs what it sends; GitLab sends it as it is. Nobody can read it again; null in an answer that is repeated',
      ),
  })
  .meta({ id: 'ForgeWebhook' });
export type ForgeWebhook = z.infer<typeof ForgeWebhook>;

/** Body of `POST /api/webhooks/{forge_id}`: an event as the forge describes it. */
export const ForgeReport = z
  .looseObject({})
  .meta({ id: 'ForgeReport', examples: [{ action: 'closed', repository: { full_name: 'acme/app' } }] });
export type ForgeReport = z.infer<typeof ForgeReport>;
