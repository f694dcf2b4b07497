import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { ConvertGithubApp, CreateGithubApp, Forge, GithubAppForm } from '@saas-codex/contracts/forges';
import type { ProblemCode } from '@saas-codex/contracts/problems';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { IsNull } from 'typeorm';
import { v7 as uuidV7 } from 'uuid';
import { z } from 'zod';
import { RequestAudit } from '../audit/request-audit.js';
import { CONFIG, type Config } from '../config.js';
import { TenantDatabase } from '../database/tenant-database.js';
import { isUniqueViolation } from '../database/unique-violation.js';
import type { CallerContext } from '../identity/request-context.js';
import { OneTimeLinks } from '../identity/sign-in/one-time-links.js';
import { SecretStore } from '../secrets/secret-store.js';
import { ConnectedForgeEntity, toForge } from './connected-forge.entity.js';
import { ForgeFetch } from './forge-fetch.js';
import { forgeExists, ForgeStore } from './forge-store.js';
import { ForgeWebhookEntity } from './forge-webhook.entity.js';
import { githubClient } from './github/github-client.js';
import { githubManifest } from './github/github-manifest.js';
import { ForgeError, type ForgeFailure } from './port/forge-error.js';

const LINK = 'github-app';
/** GitHub's code counts for an hour. */
const STATE_MS = 60 * 60_000;
/** Where the web app takes the person back. The gateway lets the pages below send forms elsewhere. */
const RETURN_PATH = '/settings/github-app';

/** What a state stands for. */
const Begun = z.object({ forgeId: z.uuid(), tenantId: z.string(), userId: z.string(), url: z.string() });
type Begun = z.infer<typeof Begun>;

/** What is kept of a new App. */
const Made = z.object({
  id: z.int(),
  slug: z.string().min(1),
  name: z.string(),
  client_id: z.string(),
  html_url: z.url(),
  pem: z.string().startsWith('-----BEGIN'),
  webhook_secret: z.string().min(1).nullable(),
});

/**
 * Makes a GitHub App of the organisation's own, so that its key is nobody else's:
 *
 *     begin ─► state, manifest ─► the browser posts them to GitHub, where a person agrees
 *     convert ◄─ code, state ◄─── GitHub sends the browser back
 *        └─► state: once, the same person, the same tenant ─► code ─► GitHub: id, private key, webhook secret ─► SecretStore
 *
 * A code counts once at GitHub, too: when its answer is lost, the App is there and its key is not. The person deletes it and begins again.
 */
@Injectable()
export class GithubApps {
  constructor(
    @Inject(CONFIG) private readonly config: Pick<Config, 'PUBLIC_URL'>,
    private readonly db: TenantDatabase,
    private readonly secrets: SecretStore,
    private readonly audit: RequestAudit,
    private readonly links: OneTimeLinks,
    private readonly forges: ForgeStore,
    private readonly fetch: ForgeFetch,
  ) {}

  /** @throws ProblemError person_required, forge_url_refused, forge_exists */
  async begin(ctx: CallerContext, { url, organisation }: CreateGithubApp): Promise<GithubAppForm> {
    const userId = personOf(ctx);
    const place = this.forges.placeOf(url ?? 'https://github.com');
    const isThere = await this.db.run(ctx, (tx) =>
      tx.of(ConnectedForgeEntity).findOne({ where: { host: place.host, ownerId: IsNull() } }),
    );
    if (isThere) throw forgeExists(place.host);
    const begun: Begun = { forgeId: uuidV7(), tenantId: ctx.tenantId, userId, url: place.url };
    const expiresAt = new Date(Date.now() + STATE_MS);
    const state = await this.links.issue(LINK, JSON.stringify(begun), expiresAt);
    const owner = organisation === undefined ? '' : `/organizations/${organisation}`;
    const manifest = githubManifest({
      publicUrl: this.config.PUBLIC_URL,
      name: `saas-codex-${organisation ?? randomBytes(4).toString('hex')}`,
      returnPath: RETURN_PATH,
      webhookPath: `/api/webhooks/${begun.forgeId}`,
    });
    return {
      url: `${place.url}${owner}/settings/apps/new`,
      state,
      manifest: JSON.stringify(manifest),
      expires_at: expiresAt.toISOString(),
    };
  }

  /** @throws ProblemError link_invalid, forge_exists, forge_refused, forge_unavailable, forge_rate_limited, too_many_secrets */
  async convert(ctx: CallerContext, { code, state }: ConvertGithubApp): Promise<Forge> {
    const { forgeId: id, url } = await this.takeState(ctx, state);
    const { host } = new URL(url);
    const made = await this.conversionOf(url, code);
    const { pem, webhook_secret: webhookSecret, client_id: clientId, html_url: page } = made;
    const githubApp = { id: made.id, clientId, slug: made.slug, name: made.name, url: page };
    const by = { createdBy: personOf(ctx), createdAt: new Date() };
    try {
      return await this.db.run(ctx, async (tx) => {
        const place = this.forges.placeOf(url);
        const row = { id, kind: 'github', ownerId: null, githubApp, ...place, ...by } as const;
        const created = await tx.of(ConnectedForgeEntity).insert(row);
        await this.secrets.saveIn(tx, ctx, { id, kind: 'forge_token', name: id, value: pem });
        if (webhookSecret !== null) {
          const webhookId = uuidV7();
          await tx.of(ForgeWebhookEntity).insert({ id: webhookId, forgeId: id, ...by });
          const secret = { id: webhookId, kind: 'forge_webhook', name: webhookId } as const;
          await this.secrets.saveIn(tx, ctx, { ...secret, value: webhookSecret });
        }
        await this.audit.recordIn(tx, ctx, { target: { id, name: created.host } });
        return toForge(created);
      });
    } catch (error) {
      throw isUniqueViolation(error) ? forgeExists(host) : error;
    }
  }

  private async takeState(ctx: CallerContext, state: string): Promise<Begun> {
    const found = await this.links.find(LINK, state);
    const begun = found && Begun.parse(JSON.parse(found.value));
    // Another person's stays theirs.
    if (begun?.tenantId !== ctx.tenantId || begun.userId !== personOf(ctx)) throw stateInvalid();
    await this.links.take(LINK, state).catch(() => Promise.reject(stateInvalid()));
    return begun;
  }

  private async conversionOf(url: string, code: string) {
    const fetchFor = (api: string) => this.fetch.for(api, () => Promise.resolve());
    try {
      const { data } = await githubClient({ url, fetchFor }).rest.apps.createFromManifest({ code });
      const made = Made.safeParse(data);
      // People follow the link to its page.
      if (made.success && new URL(made.data.html_url).origin === url) return made.data;
      throw new ForgeError('invalid', `${new URL(url).host} has not answered as GitHub does.`);
    } catch (error) {
      if (!(error instanceof ForgeError)) throw error;
      throw new ProblemError(CODES[error.reason] ?? 'forge_refused', `${error.detail} ${AGAIN}`);
    }
  }
}

const AGAIN = 'Begin again; if the App is at GitHub already, delete it there first.';

const CODES: Partial<Record<ForgeFailure, ProblemCode>> = {
  rate_limited: 'forge_rate_limited',
  unavailable: 'forge_unavailable',
};

const stateInvalid = () =>
  new ProblemError(
    'link_invalid',
    'This way back from GitHub was used already, is too old, or was begun by another person. If the App is not among the connections, delete it at GitHub and begin again.',
  );

function personOf({ actor }: CallerContext): string {
  if ('userId' in actor) return actor.userId;
  throw new ProblemError('person_required', 'A person has to agree at GitHub. Sign in, then begin there.');
}
