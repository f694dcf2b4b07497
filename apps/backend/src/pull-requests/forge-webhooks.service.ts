import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { ForgeWebhook } from '@saas-codex/contracts/pull-requests';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { v7 as uuidV7 } from 'uuid';
import { RequestAudit } from '../audit/request-audit.js';
import { CONFIG, type Config } from '../config.js';
import { TenantDatabase } from '../database/tenant-database.js';
import { ConnectedForgeEntity } from '../forges/connected-forge.entity.js';
import { actorId, hasPermission } from '../identity/actor.js';
import type { RequestContext } from '../identity/request-context.js';
import { SecretStore } from '../secrets/secret-store.js';
import { ForgeWebhookEntity } from '../forges/forge-webhook.entity.js';
import { type Report, REPORTS } from './forge-reports.js';
import { ForgeWebhookLookup } from './forge-webhook-lookup.js';
import { PullRequestReconciler } from './pull-request-reconciler.js';
import { PullRequestStore } from './pull-request-store.js';

const KIND = 'forge_webhook';
const SECRET_BYTES = 32;

/**
 * Reports of forges:
 *
 *     POST /api/webhooks/<forge> ─► whose is it ─► from the forge? (forge-reports.ts) ─► which pull requests ─► read them from the forge soon
 */
@Injectable()
export class ForgeWebhooksService {
  constructor(
    @Inject(CONFIG) private readonly config: Pick<Config, 'PUBLIC_URL'>,
    private readonly db: TenantDatabase,
    private readonly secrets: SecretStore,
    private readonly audit: RequestAudit,
    private readonly lookup: ForgeWebhookLookup,
    private readonly pullRequests: PullRequestStore,
    private readonly reconciler: PullRequestReconciler,
  ) {}

  /** Makes the secret with which a connected forge signs, in place of the one before. @throws ProblemError forge_not_found, forbidden */
  async create(ctx: RequestContext, forgeId: string): Promise<ForgeWebhook> {
    const secret = randomBytes(SECRET_BYTES).toString('hex');
    await this.db.run(ctx, async (tx) => {
      const forge = await tx.of(ConnectedForgeEntity).findOne({ where: { id: forgeId } });
      if (!forge)
        throw new ProblemError('forge_not_found', 'It was removed, or it belongs to another person.');
      if (forge.ownerId === null && !hasPermission(ctx.actor, 'credentials:manage'))
        throw new ProblemError('forbidden', 'Only owners and admins change the forges of the organisation.');
      const webhooks = tx.of(ForgeWebhookEntity);
      const there = await webhooks.findOne({ where: { forgeId } });
      const id = there?.id ?? uuidV7();
      if (!there)
        await webhooks.insert({ id, forgeId, createdBy: actorId(ctx.actor), createdAt: new Date() });
      await this.secrets.saveIn(tx, ctx, { id, kind: KIND, name: id, value: secret });
      await this.audit.recordIn(tx, ctx, { target: { id: forgeId, name: forge.host } });
    });
    return { url: `${this.config.PUBLIC_URL}/api/webhooks/${forgeId}`, secret };
  }

  /**
   * Takes a report. Who sends it learns only whether it is genuine.
   * @throws ProblemError unauthenticated
   */
  async receive(forgeId: string, report: Report, body: unknown): Promise<void> {
    const webhook = await this.lookup.find(forgeId);
    const secret = webhook && (await this.secrets.valueOf({ tenantId: webhook.tenantId }, webhook.id));
    const reports = REPORTS[webhook?.kind ?? 'github'];
    // Where there is no webhook, it takes as long.
    const isGenuine = await reports.isGenuine(secret ?? ABSENT, report);
    if (!webhook || secret === null || !isGenuine)
      throw new ProblemError('unauthenticated', 'The signature or the secret is missing or wrong.');
    const news = reports.newsOf(new URL(webhook.url).host, body);
    if (!news) return;
    const found = await this.pullRequests.readSoon({ tenantId: webhook.tenantId }, news);
    for (const ref of found) void this.reconciler.kick(ref);
  }
}

const ABSENT = randomBytes(SECRET_BYTES).toString('hex');
