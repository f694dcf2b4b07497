import { z } from 'zod';
import { DeclaredCheck } from './declared-checks.js';
import { openEnum } from './open-reading.js';
import { treeId } from './diffs.js';
import { Run } from './runs.js';

/*
 * What the platform has seen: which commands it ran on which tree, and how each ended. It is an in-toto statement in a DSSE
 * envelope, the formats of the field, signed with the key of the installation (Ed25519). docs/security.md says what it proves.
 */

/** passed: exit code 0. failed: another one. stopped: it had none, because of a limit. not_run: the run ended before. */
const CHECK_STATUSES = ['passed', 'failed', 'stopped', 'not_run'] as const;

export const CHECK_RESULTS = ['passed', 'failed'] as const;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** What is kept of a check and what is signed, but for its log. */
export const CheckResult = z
  .object({
    name: z.string(),
    command: z.string(),
    status: openEnum(CHECK_STATUSES),
    exit_code: z.int().nullable().describe('null: it had none'),
    duration_ms: z.int().nullable().describe('null: it was not run'),
    log_sha256: sha256.describe('Of the log as it was recorded, in UTF-8'),
  })
  .meta({ id: 'CheckResult' });
export type CheckResult = z.infer<typeof CheckResult>;

/** https://github.com/secure-systems-lab/dsse */
export const SignedEnvelope = z
  .object({
    payloadType: z.string(),
    payload: z.base64().describe('The statement, as JSON in base64'),
    signatures: z.array(
      z.object({
        keyid: z.string(),
        sig: z.base64().describe('Ed25519, of the pre-authentication encoding'),
      }),
    ),
  })
  .meta({ id: 'SignedEnvelope' });
export type SignedEnvelope = z.infer<typeof SignedEnvelope>;

const summary = {
  evidence_id: z.uuid(),
  session_id: z.uuid(),
  run_id: z.uuid(),
  tree: treeId.describe('The git tree that was checked'),
  result: openEnum(CHECK_RESULTS).describe('passed: all checks passed'),
  stale: z.boolean().describe("true: the session's files are no longer those of this tree"),
  checks: z.array(CheckResult),
  created_at: z.iso.datetime(),
};

/** Evidence as lists show it. */
export const EvidenceSummary = z.object(summary).meta({ id: 'EvidenceSummary' });
export type EvidenceSummary = z.infer<typeof EvidenceSummary>;

/** Evidence with all that is needed to verify it elsewhere. */
export const Evidence = z
  .object({
    ...summary,
    checks: z.array(
      CheckResult.extend({
        log: z.string().describe('What it printed. Of a long log the beginning and the end'),
      }).meta({ id: 'CheckResultWithLog' }),
    ),
    envelope: SignedEnvelope,
  })
  .meta({ id: 'Evidence' });
export type Evidence = z.infer<typeof Evidence>;

/** A run of the checks, and what it has shown. */
export const CheckRun = z
  .object({
    run: Run,
    evidence: EvidenceSummary.nullable().describe(
      'null: the run has not ended, or was cancelled or interrupted. Then nothing is proven',
    ),
  })
  .meta({ id: 'CheckRun' });
export type CheckRun = z.infer<typeof CheckRun>;

export const SessionChecks = z
  .object({
    declared: z.array(DeclaredCheck).describe('By the repository. Empty: it declares none'),
    problem: z.string().nullable().describe('Why the declaration cannot be used, and what to do'),
    required: z
      .boolean()
      .describe('true: only files for which all of them have passed are pushed (`checks_required`)'),
    items: z.array(CheckRun).describe('Newest first'),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: 'SessionChecks' });
export type SessionChecks = z.infer<typeof SessionChecks>;

/** Body of `POST /api/sessions/{session_id}/checks`. */
export const RunChecks = z
  .strictObject({
    tree: treeId
      .optional()
      .describe(
        'A state of the session’s files, as a diff names it. Left out: the files as they are when the checks begin',
      ),
  })
  .meta({ id: 'RunChecks', examples: [{}] });
export type RunChecks = z.infer<typeof RunChecks>;

/** The public half of a key with which this installation signs, or has signed. */
const EvidenceKey = z
  .object({
    key_id: z.string(),
    algorithm: z.literal('Ed25519'),
    public_key: z.string().describe('PEM'),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'EvidenceKey' });

export const EvidenceKeys = z.object({ items: z.array(EvidenceKey) }).meta({ id: 'EvidenceKeys' });
export type EvidenceKeys = z.infer<typeof EvidenceKeys>;
