import { Injectable } from '@nestjs/common';
import type { PageQuery } from '@saas-codex/contracts/pagination';
import {
  type CreateRepositoryRule,
  MAX_REPOSITORY_RULES,
  type RepositoryRule,
  type RepositoryRulePage,
  type UpdateRepositoryRule,
} from '@saas-codex/contracts/repository-rules';
import { normaliseHost } from '@saas-codex/service-kit/network/host-name';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { In } from 'typeorm';
import { v7 as uuidV7 } from 'uuid';
import { z } from 'zod';
import { RequestAudit } from '../../audit/request-audit.js';
import { decodeCursor, toPage } from '../../database/cursor.js';
import { LOCK, lockInTransaction } from '../../database/locks.js';
import { TenantDatabase, type TenantTransaction } from '../../database/tenant-database.js';
import type { TenantScope } from '../../database/tenant-row.js';
import { isUniqueViolation } from '../../database/unique-violation.js';
import { knownHostOf } from '../../forges/ssh-hosts.js';
import { actorId } from '../../identity/actor.js';
import type { RequestContext } from '../../identity/request-context.js';
import { Clones } from '../../workspaces/clones/clones.js';
import { RepositoryRuleEntity, toRepositoryRule } from './repository-rule.entity.js';

/** Sort key of the list: host, path. */
const RuleCursor = z.tuple([z.string().max(300), z.string().max(500)]);

/** The rules that admins make for repositories, and which of them covers one. What follows from it: `BranchPolicies`. */
@Injectable()
export class RepositoryRuleStore {
  constructor(
    private readonly db: TenantDatabase,
    private readonly audit: RequestAudit,
    private readonly clones: Clones,
  ) {}

  /** @throws ProblemError invalid_cursor */
  async list(ctx: RequestContext, { cursor, limit }: PageQuery): Promise<RepositoryRulePage> {
    const after = decodeCursor(cursor, RuleCursor);
    const rows = await this.db.run(ctx, (tx) => {
      const select = tx.of(RepositoryRuleEntity).select('rule');
      if (after)
        select.andWhere('(rule.host, rule.path) > (:host, :path)', { host: after[0], path: after[1] });
      return select
        .orderBy('rule.host')
        .addOrderBy('rule.path')
        .take(limit + 1)
        .getMany();
    });
    return toPage(rows, limit, ({ host, path }) => [host, path], toRepositoryRule);
  }

  /**
   * Saves a rule, unless an earlier attempt of the same request has saved it.
   * @throws ProblemError invalid_request, repository_rule_exists, too_many_repository_rules
   */
  async create(ctx: RequestContext, body: CreateRepositoryRule): Promise<RepositoryRule> {
    const place = placeOf(body);
    const id = ctx.idempotentId ?? uuidV7();
    try {
      return await this.db.run(ctx, async (tx) => {
        await lockInTransaction(tx.manager, LOCK.repositoryRules(ctx.tenantId));
        const rules = tx.of(RepositoryRuleEntity);
        const existing = await rules.findOne({ where: { id } });
        if (existing) {
          this.audit.recordedBefore(ctx);
          return toRepositoryRule(existing);
        }
        if ((await rules.count()) >= MAX_REPOSITORY_RULES) throw tooMany();
        const createdAt = new Date();
        const created = await rules.insert({
          id,
          ...place,
          branchPattern: body.branch_pattern,
          allowDefaultBranch: body.allow_default_branch,
          createdBy: actorId(ctx.actor),
          createdAt,
          updatedAt: createdAt,
        });
        await this.audit.recordIn(tx, ctx, { target: { id, name: nameOf(created) } });
        return toRepositoryRule(created);
      });
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      throw new ProblemError(
        'repository_rule_exists',
        `There is a rule for ${nameOf(place)} already. Change that one.`,
      );
    }
  }

  /** @throws ProblemError repository_rule_not_found */
  async update(ctx: RequestContext, id: string, body: UpdateRepositoryRule): Promise<RepositoryRule> {
    return this.db.run(ctx, async (tx) => {
      const row = await found(tx, id);
      const set = {
        branchPattern: body.branch_pattern === undefined ? row.branchPattern : body.branch_pattern,
        allowDefaultBranch: body.allow_default_branch ?? row.allowDefaultBranch,
        updatedAt: new Date(),
      };
      await tx.of(RepositoryRuleEntity).update({ id }, set);
      const [before, after] = [toRepositoryRule(row), toRepositoryRule({ ...row, ...set })];
      const changes = Object.fromEntries(
        (['branch_pattern', 'allow_default_branch'] as const)
          .filter((field) => before[field] !== after[field])
          .map((field) => [field, { old: before[field], new: after[field] }]),
      );
      await this.audit.recordIn(tx, ctx, { target: { id, name: nameOf(row) }, changes });
      return after;
    });
  }

  /** @throws ProblemError repository_rule_not_found */
  async remove(ctx: RequestContext, id: string): Promise<void> {
    await this.db.run(ctx, async (tx) => {
      const row = await found(tx, id);
      await tx.of(RepositoryRuleEntity).delete({ id });
      await this.audit.recordIn(tx, ctx, { target: { id, name: nameOf(row) } });
    });
  }

  /** The rule that holds for a repository. null: none covers it */
  async covering({ tenantId }: TenantScope, repoUrl: string): Promise<RepositoryRuleEntity | null> {
    const { host, url } = this.clones.parseAddress(repoUrl);
    const path = plainPath(decodeURIComponent(new URL(url).pathname));
    const rows = await this.db.run({ tenantId }, (tx) =>
      tx.of(RepositoryRuleEntity).find({ where: { host: In([host, knownHostOf(host)]) } }),
    );
    const [longest] = rows
      .filter((rule) => rule.path === '' || `${path}/`.startsWith(`${rule.path}/`))
      .toSorted((a, b) => b.path.length - a.path.length);
    return longest ?? null;
  }
}

async function found(tx: TenantTransaction, id: string): Promise<RepositoryRuleEntity> {
  const row = await tx.of(RepositoryRuleEntity).findOne({ where: { id } });
  if (row) return row;
  throw new ProblemError('repository_rule_not_found', 'It was removed. Read the list of rules.');
}

/** How people know a rule: what it is for. */
const nameOf = ({ host, path }: Pick<RepositoryRuleEntity, 'host' | 'path'>): string =>
  path === '' ? host : `${host}/${path}`;

/** @throws ProblemError invalid_request */
function placeOf({ host: text, path }: CreateRepositoryRule): Pick<RepositoryRuleEntity, 'host' | 'path'> {
  const host = normaliseHost(text);
  if (host !== null) return { host: knownHostOf(host), path: plainPath(path) };
  throw new ProblemError('invalid_request', 'The host is not a valid name. Give it as in github.com.');
}

/** Hosts that tell upper from lower case in paths are rare, and a rule too many does less harm there than one too few. */
const plainPath = (path: string): string =>
  path
    .replace(/^\/+|\/+$/g, '')
    .replace(/\.git$/, '')
    .toLowerCase();

const tooMany = () =>
  new ProblemError(
    'too_many_repository_rules',
    `An organisation has at most ${MAX_REPOSITORY_RULES}. A rule for a whole group or host does for many repositories.`,
  );
