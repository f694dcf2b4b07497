import { Inject, Injectable } from '@nestjs/common';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { CONFIG, type Config } from '../../config.js';
import type { TenantScope } from '../../database/tenant-row.js';
import { branchFrom, followsPattern } from '../branch-name.js';
import { RepositoryRuleStore } from './repository-rule-store.js';

/** To which branches the sessions of a repository push. */
export interface BranchPolicy {
  /** By which a branch is proposed. */
  pattern: string;
  /** Whether a branch that a person names must follow the pattern, too. */
  enforced: boolean;
  toDefaultBranch: boolean;
}

/** What rules of the organisation and settings of the installation make of it: a rule that covers the repository comes first. */
@Injectable()
export class BranchPolicies {
  constructor(
    private readonly rules: RepositoryRuleStore,
    @Inject(CONFIG) private readonly config: Pick<Config, 'SHIP_BRANCH_PATTERN' | 'SHIP_TO_DEFAULT_BRANCH'>,
  ) {}

  /** @param repoUrl null: the session has no repository */
  async of(scope: TenantScope, repoUrl: string | null): Promise<BranchPolicy> {
    const rule = repoUrl === null ? null : await this.rules.covering(scope, repoUrl);
    return {
      pattern: rule?.branchPattern ?? this.config.SHIP_BRANCH_PATTERN,
      enforced: (rule?.branchPattern ?? null) !== null,
      toDefaultBranch: rule?.allowDefaultBranch ?? this.config.SHIP_TO_DEFAULT_BRANCH === 'allowed',
    };
  }
}

/** Why a branch, unless it is the default one, is refused for its name; null: it is not. */
export function misnamedBy(
  { pattern, enforced }: BranchPolicy,
  session: { id: string; title: string },
  branch: string,
): ProblemError | null {
  if (!enforced || followsPattern(pattern, session.id, branch)) return null;
  const example = branchFrom(pattern, { ...session, person: 'name' });
  return new ProblemError(
    'branch_misnamed',
    `Branches of this repository are named ${pattern}. Choose a name such as ${example}.`,
  );
}
