import type { CreatedInvitation } from '@saas-codex/contracts/members';
import type { Session } from '@saas-codex/contracts/sessions';
import { appCode } from '@saas-codex/testing/authenticator-app';
import {
  accessibilityFaults,
  pageOverflow,
  screenshot,
  setTheme,
  startBrowser,
} from '@saas-codex/testing/browser';
import { type MailServer, startMailServer } from '@saas-codex/testing/mail-server';
import { type GithubServer, startGithubServer } from '@saas-codex/testing/github-server';
import { type OidcServer, startOidcServer } from '@saas-codex/testing/oidc-server';
import { startSystem, type System } from '@saas-codex/testing/system';
import type { Browser, Cookie, Page } from 'playwright-core';

/** In a real Chromium, people get accounts and roles: by mail, by invitations, from an admin, and from their company. */

/** A device with a fingerprint reader, whose owner always agrees. */
const DEVICE = {
  protocol: 'ctap2',
  transport: 'internal',
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
  automaticPresenceSimulation: true,
} as const;

let mail: MailServer;
let provider: OidcServer;
let github: GithubServer;
let system: System;
let browser: Browser;
const tabs: Page[] = [];
/** The link of the start works once, so later cases go on with its sign-in. */
let ownersCookies: Cookie[] | undefined;

beforeAll(async () => {
  [mail, provider, github] = await Promise.all([startMailServer(), startOidcServer(), startGithubServer()]);
  [system, browser] = await Promise.all([
    startSystem({
      SMTP_URL: mail.url,
      SIGN_UP: 'open',
      OIDC_ISSUER: provider.issuer,
      OIDC_CLIENT_ID: provider.clientId,
      OIDC_CLIENT_SECRET: provider.clientSecret,
      OIDC_NAME: 'Example',
      OIDC_ALLOWED_DOMAINS: 'example.org',
      OIDC_TENANT: 'personal',
      GITHUB_SIGN_IN_URL: github.url,
      GITHUB_SIGN_IN_CLIENT_ID: github.clientId,
      GITHUB_SIGN_IN_CLIENT_SECRET: github.clientSecret,
      GITHUB_SIGN_IN_ALLOWED_GROUPS: 'acme',
      GITHUB_SIGN_IN_TENANT: 'personal',
    }),
    startBrowser(),
  ]);
});

afterEach(async () => {
  for (const tab of tabs.splice(0)) await tab.context().close();
});
afterAll(async () => {
  await browser.close();
  await system.stop();
  await github.stop();
  await provider.stop();
  await mail.stop();
});

/** Opens an address in a browser of its own. */
async function open(address: string, cookies: Cookie[] = []): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1360, height: 860 } });
  await context.addCookies(cookies);
  const tab = await context.newPage();
  tabs.push(tab);
  await tab.goto(address);
  return tab;
}

async function openAsOwner(): Promise<Page> {
  const owner = ownersCookies ? await open(system.url, ownersCookies) : await open(system.link);
  await owner.getByRole('textbox', { name: 'Prompt' }).waitFor();
  ownersCookies = await owner.context().cookies();
  return owner;
}

test('a stranger creates an account by mail, resets the password, and changes everything about it', async () => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const stranger = await context.newPage();
  const password = stranger.getByLabel('New password', { exact: true });
  const press = (name: string) => stranger.getByRole('button', { name, exact: true }).click();
  const openLink = async (address = 'iva@example.org') => {
    const link = /http\S+#token=\S+/.exec((await mail.take(address)).text)?.[0];
    await stranger.goto(link ?? '');
  };
  const sendLink = async (page: string) => {
    await stranger.getByRole('heading', { name: page }).waitFor();
    await stranger.getByLabel('Email').fill('iva@example.org');
    await press('Send me a link');
    await stranger.getByRole('heading', { name: 'Look into your mail' }).waitFor();
  };
  const signIn = async (text: string) => {
    await stranger.getByLabel('Email').fill('iva@example.org');
    await stranger.getByLabel('Password').fill(text);
    await press('Sign in');
  };

  await stranger.goto(`${system.url}/`);
  await stranger.getByRole('link', { name: 'Create an account' }).click();
  await sendLink('Create your account');
  await openLink();
  await stranger.getByLabel('Your name').fill('Iva');
  await password.fill('three green apples');
  await press('Create account');
  await stranger.getByText('What should Codex work on?').waitFor();
  expect(stranger.url()).not.toContain('token');

  const switcher = stranger.getByRole('button', { name: /switch the organisation$/ });
  await press('Open sidebar');
  await switcher.click();
  await stranger.getByRole('menuitem', { name: 'Create an organisation…' }).click();
  await stranger.getByRole('dialog').getByLabel('Name').fill('Orchard');
  await press('Create and switch');
  await stranger.waitForLoadState();
  await press('Open sidebar');
  await switcher.getByText('Orchard').waitFor();
  await switcher.press('ArrowDown');
  await stranger.getByRole('menuitemradio', { name: 'Orchard', checked: true }).waitFor();
  await screenshot(stranger, 'organisations');
  expect(await accessibilityFaults(stranger)).toEqual([]);
  await stranger.keyboard.press('Home');
  await stranger.keyboard.press('Enter');
  await stranger.waitForLoadState();
  await press('Open sidebar');
  await switcher.getByText("Iva's organisation").waitFor();

  await stranger.goto(`${system.url}/settings`);
  await stranger.getByText('iva@example.org').waitFor();
  // On a phone the pages of Settings are behind a button.
  await press('You Account');
  await stranger.getByRole('link', { name: 'General' }).click();
  await stranger.getByText("Iva's organisation").waitFor();
  await press('Organisation General');
  await stranger.getByRole('link', { name: 'Account', exact: true }).click();
  await press('Sign out');
  await stranger.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
  await stranger.waitForURL(/\/sign-in$/);
  await signIn('three red apples');
  await stranger.getByText('The address or the password is wrong').waitFor();
  await stranger.getByRole('link', { name: 'Forgot your password?' }).click();
  await sendLink('Reset your password');
  await openLink();
  await password.fill('four green apples');
  await stranger.getByRole('checkbox', { name: 'Revoke my API keys, too' }).check();
  await press('Set password');
  await stranger.getByRole('heading', { name: 'Your password is set' }).waitFor();
  await stranger.getByText('your API keys were revoked').waitFor();
  await stranger.getByRole('link', { name: 'Back to signing in' }).click();
  await signIn('four green apples');
  await stranger.getByText('What should Codex work on?').waitFor();

  await stranger.goto(`${system.url}/settings`);
  await press('Change password');
  await stranger.getByLabel('Current password').fill('four green apples');
  await password.fill('five green apples');
  await press('Set password');
  await stranger.getByRole('dialog').waitFor({ state: 'detached' });

  await press('Change your name');
  await stranger.getByLabel('Name', { exact: true }).fill('Iva B.');
  await press('Change name');
  await stranger.getByText('Iva B.').first().waitFor();
  await press('Change your email');
  await stranger.getByLabel('New email').fill('iva.new@example.org');
  await stranger.getByLabel('Current password').fill('five green apples');
  await press('Send the link');
  await openLink('iva.new@example.org');
  await press('Use this address');
  await stranger.getByText('iva.new@example.org').waitFor();

  await press('Set up an app');
  await stranger.getByLabel('Current password').fill('five green apples');
  await press('Continue');
  await stranger.getByRole('img', { name: 'The secret as a QR code' }).waitFor();
  const secret = (await stranger.getByRole('dialog').locator('code').textContent()) ?? '';
  await screenshot(stranger, 'set-up-an-authenticator-app');
  expect(await accessibilityFaults(stranger)).toEqual([]);
  await stranger.getByLabel('Code').fill(appCode(secret));
  await press('Confirm');
  const codes = stranger.getByRole('status').getByRole('listitem');
  await codes.first().waitFor();
  const recoveryCode = (await codes.first().textContent()) ?? '';
  await screenshot(stranger, 'recovery-codes');
  await press('I have kept them');
  await stranger.getByText('10 recovery codes left.').waitFor();

  const devtools = await context.newCDPSession(stranger);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', { options: DEVICE });
  await press('Add a passkey');
  await stranger.getByLabel('Name', { exact: true }).fill('Phone');
  await stranger.getByLabel('Current password').fill('five green apples');
  await press('Continue');
  await press('Rename Phone');
  await stranger.getByLabel('Name', { exact: true }).fill('Green phone');
  await press('Save');
  await stranger.getByRole('button', { name: 'Remove Green phone' }).waitFor();
  await screenshot(stranger, 'passkeys');
  expect(await accessibilityFaults(stranger)).toEqual([]);
  await press('Sign out');
  await stranger.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
  await stranger.waitForURL(/\/sign-in$/);
  await screenshot(stranger, 'sign-in');
  await press('Sign in with a passkey');
  await stranger.getByText('What should Codex work on?').waitFor();
  await stranger.goto(`${system.url}/settings`);
  await press('Remove Green phone');
  await stranger.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await stranger.getByRole('button', { name: 'Remove Green phone' }).waitFor({ state: 'detached' });

  const elsewhere = await (await browser.newContext()).newPage();
  await elsewhere.goto(`${system.url}/sign-in`);
  await elsewhere.getByLabel('Email').fill('iva.new@example.org');
  await elsewhere.getByLabel('Password').fill('five green apples');
  const enter = elsewhere.getByRole('button', { name: 'Sign in', exact: true });
  await enter.click();
  await elsewhere.getByLabel('Code').fill('123-wrong');
  await enter.click();
  await elsewhere.getByText('The code is wrong').waitFor();
  await screenshot(elsewhere, 'sign-in-with-a-code');
  expect(await accessibilityFaults(elsewhere)).toEqual([]);
  await elsewhere.getByLabel('Code').fill(recoveryCode);
  await enter.click();
  await elsewhere.getByText('What should Codex work on?').waitFor();
  await stranger.reload();
  await stranger.getByRole('button', { name: 'Sign out everywhere else' }).waitFor();
  await screenshot(stranger, 'sign-ins');
  await press('Sign out Chrome on Linux');
  await elsewhere.waitForURL(/\/sign-in$/);
  await Promise.all([elsewhere.context().close(), context.close()]);
});

test('colleagues sign in with the account of their company, and at GitHub', async () => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const colleague = await context.newPage();
  const go = () => colleague.getByRole('link', { name: 'Continue with Example' }).click();

  await colleague.goto(`${system.url}/sign-in`);
  await go();
  await colleague.getByRole('heading', { name: 'You are not signed in' }).waitFor();
  await colleague.getByText('It was cancelled, or the answer could not be trusted.').waitFor();
  await screenshot(colleague, 'company-sign-in-failed');
  expect(await accessibilityFaults(colleague)).toEqual([]);

  provider.person = { sub: '1', email: 'cora@example.org', email_verified: true, name: 'Cora' };
  await go();
  await colleague.getByText('What should Codex work on?').waitFor();
  expect(colleague.url()).toBe(`${system.url}/`);
  await context.close();

  const contributor = await open(`${system.url}/sign-in`);
  await contributor.getByRole('link', { name: 'Continue with GitHub' }).waitFor();
  await screenshot(contributor, 'providers');
  github.person = {
    id: 1,
    login: 'gus',
    name: 'Gus',
    emails: [{ email: 'gus@example.org', primary: true, verified: true, visibility: null }],
    organisations: ['acme'],
    teams: [],
  };
  await contributor.getByRole('link', { name: 'Continue with GitHub' }).click();
  await contributor.getByText('What should Codex work on?').waitFor();
  expect(github.wrong).toEqual([]);
});

test('an admin and a viewer join by their links, and each finds what their role allows', async () => {
  const accept = async (tab: Page, name: string) => {
    await tab.getByText('invites you as').waitFor();
    await tab.getByRole('textbox', { name: 'Your name' }).fill(name);
    await tab.getByRole('textbox', { name: 'E-mail address' }).fill(`${name.toLowerCase()}@example.com`);
    await screenshot(tab, `invitation-${name}`);
    expect(await accessibilityFaults(tab)).toEqual([]);
    await tab.getByRole('button', { name: 'Create an account and join' }).click();
    await tab.getByRole('link', { name: `${name} Settings` }).click();
  };
  const invited = await system.api('/api/invitations', {
    method: 'POST',
    body: JSON.stringify({ role: 'admin' }),
  });
  const admin = await open(((await invited.json()) as CreatedInvitation).link ?? '');
  await accept(admin, 'Ada');
  await admin.getByRole('link', { name: 'Members' }).click();
  await admin.getByText('Ada (you)').waitFor();
  // An admin decides about everybody but owners.
  expect(await admin.getByRole('combobox', { name: 'Role of Owner' }).count()).toBe(0);
  await admin.getByRole('combobox', { name: 'Role', exact: true }).selectOption('viewer');
  await admin.getByRole('button', { name: 'Create link' }).click();
  const link = await admin.getByRole('status').locator('code').textContent();
  await admin.getByText('Anybody with the link').waitFor();
  await screenshot(admin, 'members');
  expect(await accessibilityFaults(admin)).toEqual([]);

  await admin.getByRole('link', { name: 'Service accounts' }).click();
  await admin.getByText('There are no service accounts.').waitFor();
  await admin.getByRole('textbox', { name: 'Name' }).fill('Nightly checks');
  await admin.getByRole('button', { name: 'Create', exact: true }).click();
  await admin.getByRole('button', { name: 'Keys of Nightly checks' }).click();
  await admin.getByText('It has no keys yet.').waitFor();
  const newKey = admin.getByRole('form', { name: 'New API key' });
  await newKey.getByRole('textbox', { name: 'Name' }).fill('CI');
  await newKey.getByRole('button', { name: 'Create key' }).click();
  await admin.getByText('It is not shown again.').waitFor();
  await admin.getByText('never used').waitFor();
  await screenshot(admin, 'service-accounts');
  expect(await accessibilityFaults(admin)).toEqual([]);
  await admin.getByRole('button', { name: 'Delete Nightly checks' }).click();
  await admin.getByRole('dialog').getByRole('textbox').fill('Nightly checks');
  await admin.getByRole('button', { name: 'Delete the service account' }).click();
  await admin.getByText('There are no service accounts.').waitFor();
  await admin.getByRole('link', { name: 'Members' }).click();

  const viewer = await open(link ?? '');
  await accept(viewer, 'Vera');
  expect(await viewer.evaluate('navigation.entries().map(({ url }) => url).join()')).not.toContain('token=');
  await viewer.getByText('Sees everything live, and changes nothing.').waitFor();
  await viewer.getByRole('link', { name: 'API keys' }).click();
  await viewer.getByRole('textbox', { name: 'Name' }).fill('My script');
  await viewer.getByRole('checkbox', { name: 'All that your role may do' }).uncheck();
  await viewer.getByRole('checkbox', { name: /See sessions/ }).check();
  await viewer.getByRole('button', { name: 'Create key' }).click();
  await viewer.getByText('It is not shown again.').waitFor();
  await viewer.getByText('never used').waitFor();
  await screenshot(viewer, 'api-keys');
  expect(await accessibilityFaults(viewer)).toEqual([]);
  await viewer.goto(`${system.url}/settings`);
  await viewer.getByText('Sees everything live, and changes nothing.').waitFor();
  expect(await viewer.getByRole('link', { name: 'Secrets' }).count()).toBe(0);
  await viewer.goto(`${system.url}/settings/secrets`);
  await viewer.getByText('Your role does not allow you to see secrets.').waitFor();
  await viewer.getByRole('link', { name: 'Home' }).click();
  await viewer.getByText('Watch Codex work').waitFor();
  expect(await viewer.getByRole('textbox').count()).toBe(0);
  await screenshot(viewer, 'home-of-a-viewer');

  const planning = await admin.context().newPage();
  await planning.goto(`${system.url}/`);
  await planning.getByRole('switch', { name: 'Private' }).click();
  await planning.getByRole('textbox', { name: 'Prompt' }).fill('Plan the tulips');
  await planning.getByRole('textbox', { name: 'Prompt' }).press('Enter');
  await planning.waitForURL(/\/sessions\//);
  await planning.getByRole('banner').getByRole('img', { name: 'Private' }).waitFor();
  await screenshot(planning, 'private-session');
  expect(await accessibilityFaults(planning)).toEqual([]);
  await viewer.goto(planning.url());
  await viewer.getByText('This session does not exist').waitFor();
  const owner = await openAsOwner();
  await owner.goto(planning.url());
  await owner.getByText('This session is private').waitFor();
  expect(await owner.getByText('tulips').count()).toBe(0);
  await screenshot(owner, 'private-session-of-another-person');
  expect(await accessibilityFaults(owner)).toEqual([]);
  await planning.getByRole('button', { name: 'Session actions' }).click();
  await planning.getByRole('menuitem', { name: 'Who sees it…' }).click();
  await planning.getByRole('checkbox', { name: 'Private to me' }).uncheck();
  await planning.getByRole('button', { name: 'Save' }).click();
  for (const tab of [viewer, owner]) {
    await tab.reload();
    await tab.getByRole('heading', { name: 'Plan the tulips' }).waitFor();
  }
  await viewer.getByRole('article').getByText('Ada', { exact: true }).waitFor();
  const watchers = planning.getByRole('list', { name: 'Watching now' }).getByRole('listitem');
  await watchers.filter({ hasText: 'Vera' }).waitFor();
  await watchers.filter({ hasText: 'Owner' }).waitFor();
  await screenshot(planning, 'watchers');
  await screenshot(viewer, 'prompt-of-another-person');
  expect(await accessibilityFaults(planning)).toEqual([]);
  await viewer.goto(`${system.url}/`);
  await watchers.filter({ hasText: 'Vera' }).waitFor({ state: 'detached' });
  await planning.getByRole('button', { name: 'Session actions' }).click();
  await planning.getByRole('menuitem', { name: 'Hand over…' }).click();
  const heirs = planning.getByRole('combobox', { name: 'New owner' });
  await heirs.getByRole('option').nth(1).waitFor({ state: 'attached' });
  expect((await heirs.getByRole('option').allTextContents()).join()).not.toContain('Vera');
  await heirs.selectOption({ index: 1 });
  await screenshot(planning, 'hand-over');
  expect(await accessibilityFaults(planning)).toEqual([]);
  await planning.getByRole('button', { name: 'Hand over' }).click();
  await planning.getByRole('dialog').waitFor({ state: 'detached' });
  await owner.getByRole('button', { name: 'Session actions' }).click();
  await owner.getByRole('menuitem', { name: 'Who sees it…' }).waitFor();

  await admin.reload();
  await admin.getByRole('button', { name: 'Reset password of Vera' }).click();
  await admin.getByRole('button', { name: 'Make a link' }).click();
  await admin.getByText('The link was mailed to vera@example.com.').waitFor();
  await screenshot(admin, 'reset-password-of-a-member');
  await admin.getByRole('button', { name: 'Close' }).click();
  await admin.getByRole('button', { name: 'Remove Vera' }).click();
  await admin.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await admin.getByRole('button', { name: 'Remove Vera' }).waitFor({ state: 'detached' });
  // The server ends the viewer's stream, and the page asks again who they are.
  await viewer.waitForURL(/\/sign-in/);
  await viewer.getByText('You are signed in as vera@example.com, and no longer a member').waitFor();
  await screenshot(viewer, 'sign-in-without-an-organisation');
  expect(await accessibilityFaults(viewer)).toEqual([]);
});

test('a session is shared by a link: a stranger watches it live, sees nothing else, and is cut off when it is revoked', async () => {
  const start = async (title: string) => {
    const made = await system.api('/api/sessions', { method: 'POST', body: JSON.stringify({ title }) });
    return (await made.json()) as Session;
  };
  const prompt = (id: string, text: string) =>
    system.api(`/api/sessions/${id}/prompt`, { method: 'POST', body: JSON.stringify({ prompt: text }) });
  const [session] = [await start('Water the garden'), await start('Secret plan')];
  await prompt(session.session_id, 'Note what the beans need');

  const owner = await openAsOwner();
  await owner.getByRole('link', { name: 'Water the garden' }).first().click();
  await owner.getByRole('button', { name: 'Session actions' }).click();
  await owner.getByRole('menuitem', { name: 'Share…' }).click();
  const dialog = owner.getByRole('dialog');
  await dialog.getByText('Only your organisation sees this session.').waitFor();
  await dialog.getByRole('combobox', { name: 'How long the link works' }).selectOption('30');
  await dialog.getByRole('button', { name: 'Create link' }).click();
  const link = (await dialog.getByRole('status').locator('code').textContent()) ?? '';
  await dialog.getByText(/Not opened yet, until/).waitFor();
  for (const theme of ['light', 'dark'] as const) {
    await setTheme(owner, theme);
    await screenshot(owner, `share-${theme}`);
    expect(await accessibilityFaults(owner)).toEqual([]);
  }

  const stranger = await open(link);
  await stranger.getByText('shares this session with you, read-only.').waitFor();
  await stranger.getByRole('button', { name: /^Worked for/ }).waitFor();
  await prompt(session.session_id, 'Note what the peas need');
  await stranger.getByText('Note what the peas need').first().waitFor();
  await stranger
    .getByRole('button', { name: /^Worked for/ })
    .nth(1)
    .waitFor();
  expect(await stranger.getByRole('textbox').count()).toBe(0);
  expect(await stranger.content()).not.toContain('Secret plan');
  await stranger.getByRole('button', { name: 'Changes', exact: false }).first().click();
  await stranger.getByRole('region', { name: 'Changes, file by file' }).waitFor();
  for (const [width, height] of [
    [1360, 860],
    [390, 844],
  ] as const) {
    await stranger.setViewportSize({ width, height });
    for (const theme of ['light', 'dark'] as const) {
      await setTheme(stranger, theme);
      await screenshot(stranger, `shared-${width}-${theme}`);
      expect([...(await accessibilityFaults(stranger)), ...(await pageOverflow(stranger))]).toEqual([]);
    }
  }
  await stranger.getByRole('button', { name: 'Close changes' }).click();
  await screenshot(stranger, 'shared-390-conversation');
  // The secret stays in the address, so that a reload shows the session again.
  await stranger.reload();
  await stranger.getByText('shares this session with you, read-only.').waitFor();

  await dialog.getByRole('button', { name: 'Close' }).click();
  await owner.getByRole('button', { name: 'Session actions' }).click();
  await owner.getByRole('menuitem', { name: 'Share…' }).click();
  await dialog.getByText(/Opened just now, until/).waitFor();
  await dialog.getByRole('button', { name: /^Revoke the link/ }).click();
  await stranger.getByText('This link does not work').waitFor();
  await screenshot(stranger, 'shared-revoked');
});
