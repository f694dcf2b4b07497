import { Injectable } from '@nestjs/common';
import type { ForgeKind } from '@saas-codex/contracts/forges';
import { SystemDatabase } from '../database/system-database.js';

interface ForgeWebhookRef {
  id: string;
  tenantId: string;
  /** Of the connected forge. */
  url: string;
  kind: ForgeKind;
}

const FIND = `
  SELECT w.id, w.tenant_id AS "tenantId", f.url, f.kind FROM forge_webhooks w
    JOIN connected_forges f ON f.tenant_id = w.tenant_id AND f.id = w.forge_id
    JOIN tenants t ON t.id = w.tenant_id AND t.deleted_at IS NULL
   WHERE w.forge_id = $1`;

/** Whose a webhook's address is. Whoever calls it is nobody in any tenant. */
@Injectable()
export class ForgeWebhookLookup {
  constructor(private readonly system: SystemDatabase) {}

  async find(forgeId: string): Promise<ForgeWebhookRef | null> {
    const [found] = await this.system.query<ForgeWebhookRef>(FIND, [forgeId]);
    return found ?? null;
  }
}
