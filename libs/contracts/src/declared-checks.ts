import { z } from 'zod';
import { writtenText } from './text.js';

/** Where a repository declares its checks, in the tree that a session began from. */
export const CHECKS_FILE = '.saas-codex/checks.yml';
/** In bytes. */
export const MAX_CHECKS_FILE = 64 * 1024;
export const MAX_CHECKS = 20;
/** In characters. */
const MAX_COMMAND = 10_000;
const DEFAULT_MINUTES = 10;

/** A file of YAML can name halves of surrogate pairs, which Postgres cannot store. */
const storable = <T extends z.ZodType<string>>(text: T): T =>
  text.refine((value) => !/\p{Cs}/u.test(value), 'contains half of a surrogate pair');

/** A command that says whether a tree is good: it succeeds, or it does not. */
export const DeclaredCheck = z
  .strictObject({
    name: storable(writtenText(80)).refine(
      (name) => !/\p{Cc}/u.test(name),
      'must not have line breaks or other control characters',
    ),
    run: storable(writtenText(MAX_COMMAND)).describe(
      'Commands for bash. The first one that fails ends the check',
    ),
    timeout_minutes: z.int().min(1).max(240).default(DEFAULT_MINUTES),
  })
  .meta({ id: 'DeclaredCheck' });
export type DeclaredCheck = z.infer<typeof DeclaredCheck>;

/** What the file holds. */
export const ChecksFile = z.strictObject({
  checks: z
    .array(DeclaredCheck)
    .min(1)
    .max(MAX_CHECKS)
    .refine((checks) => new Set(checks.map(({ name }) => name)).size === checks.length, 'two have one name'),
  /** Names of secrets of the organisation that the checks get, if the session has them. */
  secrets: z
    .array(z.string().regex(/^[A-Za-z_]\w{0,99}$/, 'is no name of an environment variable'))
    .max(50)
    .default([]),
  /** Nothing is pushed but files for which all checks have passed. */
  required: z.boolean().default(false),
});
export type ChecksFile = z.infer<typeof ChecksFile>;

/** Names the item of a check in its run's log. @param index in the run's input, from 0 */
export const checkItemId = (index: number): string => `check-${index + 1}`;
