import { createHash, type KeyObject, sign } from 'node:crypto';
import { CHECKS_FILE } from '@saas-codex/contracts/declared-checks';
import type { CheckResult, SignedEnvelope } from '@saas-codex/contracts/evidence';
import { VERSION } from '@saas-codex/service-kit/version';

/*
 * Evidence is an in-toto statement (https://in-toto.io/Statement/v1) with the predicate for results of tests, in a DSSE envelope:
 *
 *     statement ──JSON──► payload ──pre-authentication encoding──► Ed25519 signature
 *
 * Readers of these formats ignore fields that they do not know, so ours are beside theirs.
 */

const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
const PREDICATE_TYPE = 'https://in-toto.io/attestation/test-result/v0.1';

/** What the platform has seen. */
export interface Witnessed {
  evidenceId: string;
  sessionId: string;
  runId: string;
  /** null: the session began from nothing. */
  repoUrl: string | null;
  tree: string;
  /** The tree in which the checks were declared. */
  declaredIn: string | null;
  startedAt: Date;
  endedAt: Date;
  /** Names the process of the runner. */
  runner: string;
  checks: readonly CheckResult[];
}

export interface SigningKey {
  fingerprint: string;
  privateKey: KeyObject;
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export const resultOf = (checks: readonly CheckResult[]): 'passed' | 'failed' =>
  checks.length > 0 && checks.every(({ status }) => status === 'passed') ? 'passed' : 'failed';

export function statementOf(seen: Witnessed): object {
  const named = (isWanted: (check: CheckResult) => boolean) =>
    seen.checks.filter(isWanted).map(({ name }) => name);
  return {
    _type: STATEMENT_TYPE,
    subject: [{ name: seen.repoUrl ?? 'repository', digest: { gitTree: seen.tree } }],
    predicateType: PREDICATE_TYPE,
    predicate: {
      result: resultOf(seen.checks) === 'passed' ? 'PASSED' : 'FAILED',
      configuration: seen.declaredIn ? [{ name: CHECKS_FILE, digest: { gitTree: seen.declaredIn } }] : [],
      passedTests: named(({ status }) => status === 'passed'),
      warnedTests: [],
      failedTests: named(({ status }) => status !== 'passed'),
      evidence_id: seen.evidenceId,
      session_id: seen.sessionId,
      run_id: seen.runId,
      started_at: seen.startedAt.toISOString(),
      ended_at: seen.endedAt.toISOString(),
      witness: { product: 'saas-codex', version: VERSION, runner: seen.runner },
      checks: seen.checks,
    },
  };
}

export function signStatement(statement: object, { fingerprint, privateKey }: SigningKey): SignedEnvelope {
  const payload = Buffer.from(JSON.stringify(statement));
  const sig = sign(null, preAuthenticationEncoding(PAYLOAD_TYPE, payload), privateKey);
  return {
    payloadType: PAYLOAD_TYPE,
    payload: payload.toString('base64'),
    signatures: [{ keyid: fingerprint, sig: sig.toString('base64') }],
  };
}

/** The bytes that are signed. */
const preAuthenticationEncoding = (type: string, payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload]);
