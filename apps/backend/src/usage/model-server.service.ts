import { Inject, Injectable } from '@nestjs/common';
import type { ModelServer, SetModelServer } from '@saas-codex/contracts/models';
import type { GrantedModelServer } from '@saas-codex/contracts/runner-api';
import { DestinationError, destinationOf, Destinations } from '@saas-codex/service-kit/network/destinations';
import { HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { v7 as uuidV7 } from 'uuid';
import { z } from 'zod';
import { RequestAudit } from '../audit/request-audit.js';
import { CONFIG, type Config } from '../config.js';
import { LOCK, lockInTransaction } from '../database/locks.js';
import { TenantDatabase } from '../database/tenant-database.js';
import type { TenantScope } from '../database/tenant-row.js';
import type { RequestContext } from '../identity/request-context.js';
import { SecretStore } from '../secrets/secret-store.js';

/*
 * The organisation's own model server, where it has one:
 *
 *     PUT ─► address checked ─► sealed with its key as one secret ─► a run's grant ─► the runner's model proxy ─► server
 *
 * Address and key are one value, so that neither can be exchanged without the other: a key that was saved for one server is
 * never sent to another one that somebody has named later. The backend itself connects to neither, but for a test that an
 * admin asks for (model-server-tests.ts). The model proxy checks the address again for each call.
 */

const KIND = 'model_key';

/** What is sealed. */
const SavedServer = z.object({ base_url: z.string(), key: z.string(), key_saved_at: z.string() });
type SavedServer = z.infer<typeof SavedServer>;

const OF_OPERATOR: ModelServer = { source: 'operator', base_url: null, key_saved_at: null };

@Injectable()
export class ModelServerService {
  private readonly destinations: Destinations;

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly db: TenantDatabase,
    private readonly secrets: SecretStore,
    private readonly audit: RequestAudit,
    resolver: HostResolver,
  ) {
    this.destinations = new Destinations(config.MODEL_TRUSTED_HOSTS, config, resolver);
  }

  async read(ctx: TenantScope): Promise<ModelServer> {
    const saved = await this.saved(ctx);
    return saved === null ? OF_OPERATOR : toModelServer(saved);
  }

  /** @throws ProblemError model_server_forbidden, model_server_unknown, model_key_required, too_many_secrets */
  async set(ctx: RequestContext, { base_url: given, key }: SetModelServer): Promise<ModelServer> {
    const base_url = given.replace(/\/+$/, '');
    await this.checkAddress(new URL(base_url));
    const saved = await this.db.run(ctx, async (tx) => {
      await lockInTransaction(tx.manager, LOCK.tenantSecrets(ctx.tenantId));
      const before = await this.secrets.ofKind(tx, KIND);
      const next: SavedServer = {
        ...(key === undefined
          ? keepKey(before?.value ?? null, base_url)
          : { key, key_saved_at: new Date().toISOString() }),
        base_url,
      };
      const id = before?.id ?? uuidV7();
      await this.secrets.saveIn(tx, ctx, { id, kind: KIND, name: KIND, value: JSON.stringify(next) });
      await this.audit.recordIn(tx, ctx);
      return next;
    });
    return toModelServer(saved);
  }

  /** @throws ProblemError model_server_not_found */
  async remove(ctx: RequestContext): Promise<void> {
    await this.db.run(ctx, async (tx) => {
      const saved = await this.secrets.ofKind(tx, KIND);
      if (!saved)
        throw new ProblemError('model_server_not_found', "Model calls go to the operator's server already.");
      await this.secrets.removeIn(tx, saved.id);
      await this.audit.recordIn(tx, ctx);
    });
  }

  /** For the grant of a run. null: the operator's server answers */
  async granted(ctx: TenantScope): Promise<GrantedModelServer | null> {
    const saved = await this.saved(ctx);
    return saved && { base_url: saved.base_url, api_key: saved.key };
  }

  private async saved(ctx: TenantScope): Promise<SavedServer | null> {
    const saved = await this.db.run(ctx, (tx) => this.secrets.ofKind(tx, KIND));
    return saved && readSaved(saved.value);
  }

  /** Tells at once what each call would be refused for. Connects to nothing. */
  private async checkAddress(url: URL): Promise<void> {
    const target = destinationOf(url);
    if (target === null)
      throw new ProblemError('model_server_unknown', 'The host of this address is not a valid name.');
    const { scheme, host } = target;
    if (scheme === 'http' && !this.destinations.isTrusted(target))
      throw new ProblemError(
        'model_server_forbidden',
        'Use https://, or the key could be read on its way. The operator can allow http:// for a host with MODEL_TRUSTED_HOSTS.',
      );
    try {
      await this.destinations.addressesOf(target, this.destinations.proxyFor(scheme, target));
    } catch (error) {
      if (!(error instanceof DestinationError)) throw error;
      throw error.reason === 'address_not_public' ? forbidden(host) : unknown(host);
    }
  }
}

const readSaved = (text: string): SavedServer => SavedServer.parse(JSON.parse(text));

/** Otherwise whoever may name a server could have the saved key sent to a host of their own. */
function keepKey(before: string | null, baseUrl: string): SavedServer {
  if (before === null) throw new ProblemError('model_key_required', 'Send the key of the model server, too.');
  const saved = readSaved(before);
  if (new URL(saved.base_url).origin === new URL(baseUrl).origin) return saved;
  throw new ProblemError(
    'model_key_required',
    'This is another server, and the saved key is not sent there. Send the key of this one, too.',
  );
}

const toModelServer = ({ base_url, key_saved_at }: SavedServer): ModelServer => ({
  source: 'organisation',
  base_url,
  key_saved_at,
});

const forbidden = (host: string) =>
  new ProblemError(
    'model_server_forbidden',
    `The host ${host} is in a private or reserved network. The operator can allow it with MODEL_TRUSTED_HOSTS.`,
  );

const unknown = (host: string) =>
  new ProblemError(
    'model_server_unknown',
    `The host ${host} was not found. Check the address for a typing mistake.`,
  );
