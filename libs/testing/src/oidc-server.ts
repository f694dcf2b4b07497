import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';

/** Somebody whom the provider knows. */
export interface OidcTestPerson {
  sub: string;
  email?: string;
  email_verified?: boolean;
  name?: string;
  groups?: string[];
}

type Claims = Record<string, unknown>;

export interface OidcServer {
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** Who sits at the browser; null: they refuse. */
  person: OidcTestPerson | null;
  /** Changes the claims of ID tokens, which are then signed again. */
  forge: ((claims: Claims) => Claims) | null;
  /** Signs changed ID tokens with a key that is not the provider's. */
  foreignKey: boolean;
  /** Signs in as `person`. @returns the address to which the provider sends the browser */
  visit(page: string): Promise<URL>;
  stop(): Promise<void>;
}

const newKey = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

/** A real OpenID provider on loopback, with one client: an installation at any port of localhost. */
export async function startOidcServer(clientSecret = 'client-secret-of-the-specs'): Promise<OidcServer> {
  const [key, foreign] = [newKey(), newKey()];
  let handle: (req: IncomingMessage, res: ServerResponse) => unknown = () => undefined;
  const server = createServer((req, res) => void handle(req, res));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const people = new Map<string, OidcTestPerson>();
  const world: OidcServer = {
    issuer,
    clientId: 'saas-codex',
    clientSecret,
    person: null,
    forge: null,
    foreignKey: false,
    visit: (page) => visit(page, issuer),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: world.clientId,
        client_secret: world.clientSecret,
        // Of native applications at loopback, the port does not count.
        application_type: 'native',
        redirect_uris: ['http://localhost/api/auth/oidc/callback'],
      },
    ],
    scopes: ['openid', 'email', 'profile', 'groups'],
    claims: { email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
    jwks: { keys: [{ ...key.export({ format: 'jwk' }), kid: 'spec', use: 'sig', alg: 'RS256' }] },
    cookies: { keys: ['cookie-key-of-the-specs'] },
    features: { devInteractions: { enabled: false } },
    ttl: { AccessToken: 600, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    findAccount: (_ctx, sub) => ({
      accountId: sub,
      claims: () => ({ ...people.get(sub), sub }),
    }),
    loadExistingGrant: async (ctx) => {
      const { client, session, provider: of } = ctx.oidc;
      if (!client || !session?.accountId) return undefined;
      const grant = new of.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope('openid email profile groups');
      await grant.save();
      return grant;
    },
  });
  const serve = provider.callback();
  handle = async (req, res) => {
    if (req.url?.startsWith('/interaction/')) {
      const { person } = world;
      if (person) people.set(person.sub, person);
      return provider.interactionFinished(
        req,
        res,
        person
          ? { login: { accountId: person.sub }, consent: {} }
          : { error: 'access_denied', error_description: '<b>no</b>' },
      );
    }
    if (req.url === '/token' && world.forge) {
      forgeAnswer(res, world.forge, world.foreignKey ? foreign : key);
    }
    return serve(req, res);
  };
  return world;
}

/** Follows the provider's redirects as a browser that was never there before. */
async function visit(page: string, issuer: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let address = new URL(page);
  for (let steps = 0; address.origin === issuer; steps += 1) {
    if (steps > 20) throw new Error(`The provider sends the browser around: ${address.pathname}`);
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(address, { redirect: 'manual', headers: { cookie } });
    for (const set of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = (set.split(';')[0] ?? '').split('=');
      cookies.set(name, value);
    }
    const location = answer.headers.get('location');
    if (location === null) throw new Error(`The provider answered ${answer.status}: ${await answer.text()}`);
    address = new URL(location, address);
  }
  return address;
}

/** Replaces the ID token of an answer before it is sent. */
function forgeAnswer(res: ServerResponse, forge: (claims: Claims) => Claims, key: KeyObject): void {
  const end = res.end.bind(res) as (text: string) => ServerResponse;
  res.end = ((body: Buffer | string) => {
    const answer = JSON.parse(String(body)) as { id_token: string };
    const [head = '', payload = ''] = answer.id_token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims;
    const signed = `${head}.${Buffer.from(JSON.stringify(forge(claims))).toString('base64url')}`;
    const signature = createSign('RSA-SHA256').update(signed).sign(key, 'base64url');
    const text = JSON.stringify({ ...answer, id_token: `${signed}.${signature}` });
    res.setHeader('content-length', Buffer.byteLength(text));
    return end(text);
  }) as typeof res.end;
}
