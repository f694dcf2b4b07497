import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import type { ScenarioInput } from '@saas-codex/scripted-model/scenario';
import { type ScriptedModel, startScriptedModel } from '@saas-codex/scripted-model/scripted-model';
import { startBrowser } from '@saas-codex/testing/browser';
import { browserPlaces, plantInBrowser } from '@saas-codex/testing/browser-storage';
import { type GitServer, startGitServer } from '@saas-codex/testing/git-server';
import { type MailServer, startMailServer } from '@saas-codex/testing/mail-server';
import { type OidcServer, startOidcServer } from '@saas-codex/testing/oidc-server';
import * as places from '@saas-codex/testing/places';
import { patternOf, type Place, search, type Secrets } from '@saas-codex/testing/secret-search';
import { startSystem, type System } from '@saas-codex/testing/system';
import { Visitor } from '@saas-codex/testing/visitor';
import { waitFor } from '@saas-codex/testing/wait-for';
import type { Browser } from 'playwright-core';
import { type Credentials, useCredentials } from './credentials.js';
import { HOMES, kindOf, SEARCHED } from './secret-places.js';

/**
 * The real system at work: a person signs in, Codex and its commands run, and the model server returns the key in every
 * possible way. Then everything readable is searched for every secret. A canary, which is not a secret, takes the same
 * paths on purpose: if the search misses it in some kind of place, it would miss a secret there too.
 */
const CANARY = `canary-${randomBytes(16).toString('hex')}`;
/** Of a tenant, for its sessions. Agents print it in every form. */
const TENANT_SECRET = `deploy-${randomBytes(24).toString('hex')}`;
const GIT_TOKEN = `git-${randomBytes(20).toString('hex')}`;
const MODEL_KEY = `sk-${randomBytes(24).toString('hex')}`;
/** Of the organisation's own model server, which repeats it, too. */
const OWN_MODEL_KEY = `own-${randomBytes(24).toString('hex')}`;
const [MAIL_PASSWORD, OIDC_SECRET, METRICS_TOKEN, PASSWORD] = ['mail', 'oidc', 'metrics', 'person'].map(
  (whose) => `${whose}-${randomBytes(24).toString('hex')}`,
) as [string, string, string, string];

const PRINT_SECRET = [
  'echo "token=$DEPLOY_TOKEN"',
  'printf "%s" "$DEPLOY_TOKEN" | base64; printf "x:%s" "$DEPLOY_TOKEN" | base64 -w0; echo',
  'printf "%s" "$DEPLOY_TOKEN" | od -An -v -tx1 | tr -d " \\n"; echo',
  'printf "%s" "$DEPLOY_TOKEN" | cut -c1-25 | tr -d "\\n"; sleep 0.2; printf "%s\\n" "$DEPLOY_TOKEN" | cut -c26-',
].join('; ');
const WAITING = `touch started; until [ -e go ]; do sleep 0.1; done`;
/** What a model server does that has this key. */
const scenariosOf = (key: string): ScenarioInput[] => {
  const echo = `Incorrect API key provided: Bearer ${key}`;
  const refused = { error: { message: echo, type: key, code: key } };
  return [
    {
      name: 'work',
      match: 'work',
      steps: [
        { do: 'reasoning', text: `Thinking of ${CANARY}` },
        { do: 'patch', patch: `*** Begin Patch\n*** Add File: note.txt\n+${CANARY}\n*** End Patch` },
        { do: 'command', cmd: 'env; cat /proc/self/environ' },
        { do: 'command', cmd: PRINT_SECRET },
        { do: 'command', cmd: `CANARY=${CANARY} sh -c '${WAITING}' ${CANARY}` },
        { do: 'gate', name: 'end' },
        {
          do: 'message',
          text: '',
          chunks: ['Done with ', CANARY, ' ', TENANT_SECRET.slice(0, 30), TENANT_SECRET.slice(30), ' ', key],
        },
      ],
    },
    { name: 'key', match: 'wrong key', steps: [{ do: 'error', status: 401, body: refused }] },
    {
      name: 'request',
      match: 'wrong request',
      steps: [{ do: 'error', status: 400, body: refused, headers: { 'x-request-id': key } }],
    },
    { name: 'turn', match: 'wrong turn', steps: [{ do: 'failure', code: 'invalid_prompt', message: echo }] },
    { name: 'hold', match: 'hold', steps: [{ do: 'gate', name: 'never' }] },
  ];
};
const FAILING = ['wrong key', 'wrong request', 'wrong turn'];

let git: GitServer;
let model: ScriptedModel;
let ownModel: ScriptedModel;
let system: System;
let visitor: Visitor;
let mail: MailServer;
let provider: OidcServer;
let browser: Browser;
let credentials: Credentials;
let secrets: Secrets;

beforeAll(async () => {
  [mail, provider] = await Promise.all([startMailServer(MAIL_PASSWORD), startOidcServer(OIDC_SECRET)]);
  git = await startGitServer();
  model = await startScriptedModel({ scenarios: scenariosOf(MODEL_KEY), apiKey: MODEL_KEY });
  ownModel = await startScriptedModel({ scenarios: scenariosOf(OWN_MODEL_KEY), apiKey: OWN_MODEL_KEY });
  const settings = {
    CODEX_BASE_URL: model.baseUrl,
    CODEX_API_KEY: MODEL_KEY,
    MODEL_TRUSTED_HOSTS: new URL(ownModel.baseUrl).host,
    GIT_TRUSTED_HOSTS: git.host,
    WEBHOOK_TRUSTED_HOSTS: git.host,
    SMTP_URL: mail.url,
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: provider.clientId,
    OIDC_CLIENT_SECRET: OIDC_SECRET,
    OIDC_ALLOWED_DOMAINS: 'example.org',
    METRICS_TOKEN,
  };
  [system, browser] = await Promise.all([startSystem(settings, { isNew: true }), startBrowser()]);
  const signInToken = new URL(system.link).hash.replace('#token=', '');
  visitor = await Visitor.signIn(system, signInToken);
  const { session_id: sessionId } = await visitor.ask<Session>('/api/sessions', {});
  const { cookie } = visitor;
  const webhookUrl = `http://${git.host}/hook`;
  const given = { system, cookie, mail, browser, sessionId, webhookUrl, password: PASSWORD };
  credentials = await useCredentials(given);
  secrets = await secretsOf(signInToken);
});

afterAll(async () => {
  await browser.close();
  await system.stop();
  await Promise.all([mail.stop(), provider.stop()]);
  await model.close();
  await ownModel.close();
  await git.stop();
});

const inData = (...path: string[]) => join(system.dataDir, ...path);

async function secretsOf(signInToken: string): Promise<Secrets> {
  const [cookieId = '', cookieSignature = ''] = decodeURIComponent(visitor.cookie)
    .replace(/.*?=/, '')
    .split('.');
  const known = {
    ...(JSON.parse(await readFile(inData('secrets.json'), 'utf8')) as Record<string, string>),
    ownerToken: (await readFile(inData('owner-token'), 'utf8')).trim(),
    secretsKey: (await readFile(inData('secrets-key'), 'utf8')).trim(),
    tenantSecret: TENANT_SECRET,
    gitToken: GIT_TOKEN,
    modelKey: MODEL_KEY,
    ownModelKey: OWN_MODEL_KEY,
    smtpPassword: MAIL_PASSWORD,
    oidcSecret: OIDC_SECRET,
    metricsToken: METRICS_TOKEN,
    ...credentials.known,
    signInToken,
    cookieId,
    cookieSignature,
  };
  return {
    ...Object.fromEntries(Object.entries(known).map(([name, secret]) => [name, patternOf(secret)])),
    // Created for each run, and recognised by its format.
    runToken: /\brun-[\w-]{43}\b/,
  };
}

const prompt = async ({ session_id }: Session, what: string): Promise<string> =>
  (await visitor.ask<Run>(`/api/sessions/${session_id}/prompt`, { prompt: `${what} ${CANARY}` })).run_id;

/** Lets Codex work in every session. @returns the runs, and all processes during them */
async function work(sessions: Session[]): Promise<{ runs: string[]; processes: Place[] }> {
  const runs = await Promise.all(sessions.map((session) => prompt(session, 'work')));
  const areWaiting = () => sessions.every(({ repo_path }) => existsSync(join(repo_path, 'started')));
  await waitFor(areWaiting, { what: 'the commands to run' });
  const launcher = Number(await readFile(inData('launcher.pid'), 'utf8'));
  const processes = await places.processPlaces(launcher, system.pids());
  for (const { repo_path } of sessions) await writeFile(join(repo_path, 'go'), '');
  for (const each of [model, ownModel]) each.openGate('end');
  for (const run of runs) expect(await visitor.ended(run)).toMatchObject({ status: 'succeeded' });
  return { runs, processes };
}

async function fail(sessions: Session[]): Promise<string[]> {
  const runs: string[] = [];
  for (const what of FAILING) for (const session of sessions) runs.push(await prompt(session, what));
  for (const run of runs) expect(await visitor.ended(run)).toMatchObject({ status: 'failed' });
  return runs;
}

/** Waits until all runs but one are archived, so that one spool is left to search. */
async function leaveOneSpool(session: Session): Promise<void> {
  const held = await prompt(session, 'hold');
  const spools = async () =>
    (await readdir(inData('workspaces'), { recursive: true })).filter((path) => /spool\/./.test(path));
  const left = async () => (await spools()).join() === join(session.session_id, 'spool', `${held}.log`);
  await waitFor(left, { what: 'all but one run to be archived' });
}

/** Reads everything from the API, and sends each service a request for an unknown path, which it logs. */
async function lookAround(sessions: Session[]): Promise<void> {
  const shared = [
    '/',
    '/health',
    '/api/me',
    '/api/secrets',
    '/api/credentials',
    '/api/models/server',
    '/api/audit',
    '/api/api-keys',
    '/api/invitations',
    '/api/service-accounts',
    '/api/usage',
    '/api/audit/export?format=csv',
    '/api/audit/export?format=ndjson',
    '/api/system',
    '/api/openapi.json',
    '/api/sessions',
    '/api/runs',
  ];
  const own = ['', '/runs', '/diff', '/diff/file?path=note.txt'];
  const ofSessions = sessions.flatMap(({ session_id }) =>
    own.map((path) => `/api/sessions/${session_id}${path}`),
  );
  for (const path of [...shared, ...ofSessions]) await visitor.ask(path);
  for (const name of ['gateway', 'backend', 'runner']) {
    const { PORT } = await places.environmentOf(system.pids().get(name) ?? 0);
    const origin = `http://127.0.0.1:${PORT}`;
    await visitor.ask(`/${CANARY}`, undefined, { origin });
    await visitor.ask('/metrics', undefined, { origin, authorization: `Bearer ${METRICS_TOKEN}` });
  }
  await visitor.ask('/api/usage', undefined, { accept: 'text/csv' });
  for (const exported of ['at,action,', '"action":', 'saas_codex_', 'cached_input'])
    expect(visitor.answers.some((answer) => answer.includes(exported))).toBe(true);
}

/** What the browsers of the person and of the reader have kept. */
async function inBrowsers(): Promise<Place[]> {
  const pages = [credentials.person, credentials.reader];
  for (const page of pages) await plantInBrowser(page, CANARY);
  return (await Promise.all(pages.map(browserPlaces))).flat();
}

async function stored(): Promise<Place[]> {
  const { DATABASE_URL = '', REDIS_URL = '' } = await places.environmentOf(system.pids().get('backend') ?? 0);
  await places.plantInRedis(REDIS_URL, CANARY);
  const read = [
    places.filePlaces(system.dataDir),
    places.gitPlaces(system.dataDir),
    places.databasePlaces(DATABASE_URL),
    places.redisPlaces(REDIS_URL),
  ];
  return (await Promise.all(read)).flat();
}

test('every secret is in its places and nowhere else', async () => {
  const activity = await visitor.stream('/api/events');
  const repo_url = await git.createRepository('project', { 'README.md': `# Project ${CANARY}\n` });
  git.protect('project', { username: 'git', password: GIT_TOKEN });
  await visitor.ask('/api/credentials', { host: git.host, token: GIT_TOKEN });
  await visitor.ask('/api/secrets', { name: 'DEPLOY_TOKEN', value: TENANT_SECRET });
  const granted = { secrets: ['DEPLOY_TOKEN'] };
  const setup = { script: PRINT_SECRET };
  const sessions = [
    await visitor.ask<Session>('/api/sessions', { repo_url, ...granted, setup }),
    await visitor.ask<Session>('/api/sessions', granted),
  ];
  const { runs, processes } = await work(sessions);
  const failed = await fail(sessions);
  expect(model.requests.at(-1)?.headers.authorization).toBe(`Bearer ${MODEL_KEY}`);

  const server = { base_url: ownModel.baseUrl, key: OWN_MODEL_KEY };
  await visitor.send('PUT', '/api/models/server', server);
  const ofOwn = [await visitor.ask<Session>('/api/sessions', granted)];
  const own = await work(ofOwn);
  const ownFailed = await fail(ofOwn);
  expect(ownModel.requests.at(-1)?.headers.authorization).toBe(`Bearer ${OWN_MODEL_KEY}`);

  await lookAround([...sessions, ...ofOwn]);
  for (const session of sessions.slice(0, 1)) await leaveOneSpool(session);
  const ended = [...runs, ...failed, ...own.runs, ...ownFailed];
  const events = await Promise.all(ended.map((run) => visitor.eventsOf(run)));
  activity.close();

  const all: Place[] = [
    ...processes,
    ...own.processes,
    ...visitor.answers.map((content) => ({ name: 'answer', content })),
    ...events.map((content) => ({ name: 'events:run', content })),
    { name: 'events:activity', content: JSON.stringify(activity.events) },
    ...(await inBrowsers()),
    ...(await stored()),
  ];
  const { canary, ...found } = search(all, { ...secrets, canary: patternOf(CANARY) });
  expect(found).toEqual(HOMES);
  expect(new Set(canary?.map(kindOf))).toEqual(new Set(SEARCHED));
});
