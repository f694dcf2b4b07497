import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { GithubTestApp, GithubWorld, PermissionsOfApp } from './github-world.js';

/** GitHub's manifest has these, by its docs. */
const IN_MANIFEST = [
  'name',
  'url',
  'hook_attributes',
  'redirect_url',
  'callback_urls',
  'setup_url',
  'description',
  'public',
  'default_events',
  'default_permissions',
  'request_oauth_on_install',
  'setup_on_update',
];
/** The person at the browser agrees to a manifest. @param path of the page that it was posted to @returns where GitHub sends them */
export function agreeToManifest(world: GithubWorld, path: string, state: string, text: string): string {
  const manifest = JSON.parse(text) as {
    name: string;
    redirect_url: string;
    default_permissions: PermissionsOfApp;
    default_events?: string[];
    hook_attributes?: { url?: string };
  };
  for (const key of Object.keys(manifest))
    if (!IN_MANIFEST.includes(key)) world.wrong.push(`manifest: GitHub knows no ${key}`);
  if (manifest.name.length > 34) world.wrong.push('manifest: the name is too long');
  if (manifest.hook_attributes && !manifest.hook_attributes.url?.startsWith('https://'))
    world.wrong.push('manifest: the webhook is at no address that GitHub reaches');
  const keys = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const app: GithubTestApp = {
    id: 1_000 + world.apps.size,
    name: manifest.name,
    slug: manifest.name.toLowerCase(),
    owner: /^\/organizations\/([^/]+)\//.exec(path)?.[1] ?? 'ada',
    publicKey: keys.publicKey,
    pem: keys.privateKey,
    clientSecret: randomBytes(20).toString('hex'),
    webhookSecret: manifest.hook_attributes ? randomBytes(20).toString('hex') : null,
    permissions: manifest.default_permissions,
    events: manifest.default_events ?? [],
    installations: [],
    jwts: [],
    minted: [],
  };
  const code = randomBytes(16).toString('hex');
  world.apps.set(code, app);
  const back = new URL(manifest.redirect_url);
  back.searchParams.set('code', code);
  back.searchParams.set('state', state);
  return back.href;
}

/** Posts the form as a browser does; its person agrees. @returns what GitHub adds to the address that it sends the browser to */
export async function postManifest(form: { url: string; state: string | null; manifest: string }) {
  const { url, state, manifest } = form;
  const body = new URLSearchParams({ manifest });
  const answer = await fetch(`${url}?state=${state ?? ''}`, { method: 'POST', body, redirect: 'manual' });
  const { searchParams } = new URL(answer.headers.get('location') ?? '');
  return { code: searchParams.get('code') ?? '', state: searchParams.get('state') ?? '' };
}
