import { Injectable } from '@nestjs/common';
import type { CheckResult } from '@saas-codex/contracts/evidence';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { In } from 'typeorm';
import { v7 as uuidV7 } from 'uuid';
import { TenantDatabase, type TenantTransaction } from '../database/tenant-database.js';
import type { TenantScope } from '../database/tenant-row.js';
import { EvidenceEntity } from './evidence.entity.js';
import { EvidenceKeys } from './evidence-keys.js';
import { resultOf, sha256, signStatement, statementOf, type Witnessed } from './statement.js';

/** What a run of checks has shown, with the log of each. */
export interface Findings extends Omit<Witnessed, 'evidenceId' | 'checks'> {
  checks: readonly (Omit<CheckResult, 'log_sha256'> & { log: string })[];
}

export type NewEvidence = Omit<EvidenceEntity, 'tenantId'>;

/**
 * Signed results of checks. Those who ship ask `forTree`:
 *
 *     a run of checks ends ──► sign ──► insertIn, with the run's end ──► forTree ──► may this tree be pushed?
 */
@Injectable()
export class EvidenceStore {
  constructor(
    private readonly db: TenantDatabase,
    private readonly keys: EvidenceKeys,
  ) {}

  /** @throws MasterKeyMissing, DecryptionError */
  async sign({ checks: found, ...seen }: Findings): Promise<NewEvidence> {
    const id = uuidV7();
    const checks = found.map(({ log, ...check }) => ({ ...check, log_sha256: sha256(log) }));
    const statement = statementOf({ ...seen, evidenceId: id, checks });
    return {
      id,
      sessionId: seen.sessionId,
      runId: seen.runId,
      tree: seen.tree,
      result: resultOf(checks),
      checks,
      logs: found.map(({ log }) => log),
      envelope: signStatement(statement, await this.keys.signingKey()),
      createdAt: new Date(),
    };
  }

  async insertIn(tx: TenantTransaction, evidence: NewEvidence): Promise<void> {
    await tx.of(EvidenceEntity).insert(evidence);
  }

  /**
   * The newest evidence about exactly this tree of a session.
   * @returns null when there is none. Only `result: 'passed'` says that all checks passed
   */
  forTree(scope: TenantScope, sessionId: string, tree: string): Promise<EvidenceEntity | null> {
    return this.db.run(scope, (tx) =>
      tx.of(EvidenceEntity).findOne({ where: { sessionId, tree }, order: { createdAt: 'DESC' } }),
    );
  }

  /** By run. */
  async ofRuns(scope: TenantScope, runIds: readonly string[]): Promise<Map<string, EvidenceEntity>> {
    if (runIds.length === 0) return new Map();
    const rows = await this.db.run(scope, (tx) =>
      tx.of(EvidenceEntity).find({ where: { runId: In([...runIds]) } }),
    );
    return new Map(rows.map((row) => [row.runId, row]));
  }

  /** With its logs and its envelope. @throws ProblemError evidence_not_found */
  async get(scope: TenantScope, id: string): Promise<EvidenceEntity> {
    const found = await this.db.run(scope, (tx) =>
      tx
        .of(EvidenceEntity)
        .select('evidence')
        .addSelect(['evidence.logs', 'evidence.envelope'])
        .andWhere('evidence.id = :id', { id })
        .getOne(),
    );
    if (found) return found;
    throw new ProblemError(
      'evidence_not_found',
      'It was deleted together with its session, or its address is wrong.',
    );
  }
}
