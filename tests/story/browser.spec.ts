import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import type { CreatedInvitation } from '@saas-codex/contracts/members';
import type { Session } from '@saas-codex/contracts/sessions';
import {
  accessibilityFaults,
  complaints,
  pageOverflow,
  screenshot,
  setTheme,
  smallTargets,
  startBrowser,
  tabTo,
} from '@saas-codex/testing/browser';
import { type GitServer, startGitServer } from '@saas-codex/testing/git-server';
import { type MailServer, startMailServer } from '@saas-codex/testing/mail-server';
import { startSystem, type System } from '@saas-codex/testing/system';
import { waitFor } from '@saas-codex/testing/wait-for';
import { openToFirstAnswer } from '../../scripts/lib/first-answer.mjs';
import { eventStreams, mostAtOnce } from './event-streams.js';
import { everyScreen, type Screen } from './screens.js';

/** A person's whole story in a real Chromium, on the real system with the demo model. */
let git: GitServer;
let mail: MailServer;
let system: System;
let browser: Browser;
let page: Page;
let repository: string;
let errors: string[];

beforeAll(async () => {
  [git, mail] = await Promise.all([startGitServer(), startMailServer()]);
  repository = await git.createRepository('garden', {
    'README.md': '# Garden\n\nPlants and when to water them.\n',
  });
  [system, browser] = await Promise.all([
    startSystem({ GIT_TRUSTED_HOSTS: git.host, DEMO_PACE: '0.3', SMTP_URL: mail.url, SIGN_UP: 'open' }),
    startBrowser(),
  ]);
  // Without a graphics card, what moves in 24 pages takes most of the processor.
  const context = await browser.newContext({
    viewport: { width: 1360, height: 860 },
    reducedMotion: 'reduce',
  });
  page = await context.newPage();
  page.setDefaultTimeout(30_000);
  errors = complaints(page);
}, 240_000);

afterAll(async () => {
  await browser.close();
  await system.stop();
  await Promise.all([git.stop(), mail.stop()]);
}, 60_000);

/** What people see who are not signed in. */
const STRANGERS_PAGES = [
  ['/', 'Sign in'],
  ['/forgot-password', 'Reset your password'],
  ['/sign-up', 'Create your account'],
  ['/sign-up#token=x', 'Create your account'],
  ['/confirm-email', 'The link is missing'],
  ['/confirm-email#token=x', 'Confirm your new email'],
  ['/reset-password', 'The link is missing'],
  ['/reset-password#token=x', 'Choose a new password'],
] as const;

const prompt = () => page.getByRole('textbox', { name: 'Prompt' });
const worked = () => page.getByRole('button', { name: /^Worked for/ });

const focused = (element: Locator) => element.and(page.locator(':focus')).waitFor();

test('a person signs in, opens a session, prompts, watches, reviews, reloads during a run and restarts', async () => {
  await page.goto(system.link);
  await prompt().waitFor();
  expect(page.url()).not.toContain('token');
  await page.getByText('not an AI').first().waitFor();

  await page.getByRole('button', { name: /^Repository/ }).click();
  await page.getByPlaceholder('owner/name, or https://…').fill(repository);
  await page.keyboard.press('Enter');
  await prompt().fill('Note that the roses need water on Mondays');
  await prompt().press('Enter');

  await page.waitForURL(/\/sessions\//);
  await page.getByText('Note that the roses need water on Mondays').first().waitFor();
  await page.getByRole('button', { name: /Stop/ }).waitFor();
  await page
    .getByRole('region', { name: 'Progress' })
    .getByText(/^Plan [0-3]\/3$/)
    .waitFor();
  await screenshot(page, 'running');
  await page.reload();

  await worked().waitFor({ timeout: 60_000 });
  await page.getByText('scripted').first().waitFor();
  const sidebar = page.getByRole('navigation', { name: 'Sidebar' }).or(page.getByLabel('Sidebar')).first();
  await sidebar.getByText('Note that the roses').first().waitFor();

  await openChanges();
  await page.getByText('roses need water').last().waitFor();
  await screenshot(page, 'session');

  await prompt().fill('And the lilies on Fridays');
  await prompt().press('Enter');
  await page.getByText('And the lilies on Fridays').first().waitFor();
  await worked().nth(1).waitFor({ timeout: 60_000 });

  await system.restart('kill');

  await page.reload();
  await worked().nth(1).waitFor({ timeout: 60_000 });
  await page.getByText('And the lilies on Fridays').first().waitFor();
  expect(errors.filter((error) => !/Failed to load resource|net::ERR|50[234]/.test(error))).toEqual([]);
}, 240_000);

test('a prompt that cannot be sent stays in the composer, and is sent once when the server answers again', async () => {
  const path = '**/api/sessions/*/prompt';
  await page.route(path, (route) => route.abort());
  await prompt().fill('And the moss never');
  await prompt().press('Enter');
  await page.getByText('Not sent yet').waitFor();
  expect(await prompt().inputValue()).toBe('And the moss never');
  await page.unroute(path);
  await worked().nth(2).waitFor({ timeout: 60_000 });
  await page.getByText('Not sent yet').waitFor({ state: 'detached' });
  expect(await prompt().inputValue()).toBe('');
  expect(await page.getByText('And the moss never', { exact: true }).count()).toBe(1);
}, 120_000);

test('a session page shows its answer with at most 250 KB of compressed JavaScript', async () => {
  const visit = await browser.newContext();
  await visit.addCookies(await page.context().cookies());
  const built = resolve(import.meta.dirname, '../../apps/web/dist');
  const url = page.url().replace(/\?.*/, '');
  const { bytes } = await openToFirstAnswer(await visit.newPage(), url, built);
  expect(bytes).toBeLessThanOrEqual(250_000);
  await visit.close();
}, 60_000);

test('menus, tooltips and the drawer of a phone open by pointer and keyboard, and return the focus', async () => {
  const menu = page.getByRole('menu');
  const actions = page.getByRole('button', { name: 'Session actions' });
  await actions.focus();
  await page.keyboard.press('Enter');
  await focused(menu.getByRole('menuitem', { name: 'Rename…' }));
  await page.keyboard.press('Escape');
  await menu.waitFor({ state: 'detached' });
  await focused(actions);
  await actions.click();
  await menu.getByRole('menuitem', { name: 'Rename…' }).click();
  await page.getByRole('dialog', { name: 'Rename session' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await focused(actions);
  await page.getByRole('link', { name: /Note that the roses/ }).click({ button: 'right' });
  await menu.getByRole('menuitem', { name: 'Archive' }).waitFor();
  await screenshot(page, 'context-menu');
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: 'Archive' }).hover();
  await page.getByRole('tooltip').getByText('Archive').waitFor();
  await screenshot(page, 'tooltip');
  await prompt().hover();
  await page.getByRole('tooltip').waitFor({ state: 'detached' });

  const size = page.viewportSize();
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole('button', { name: 'Open sidebar' }).click();
  await page.getByRole('dialog', { name: 'Sessions' }).getByText('Note that the roses').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  if (size) await page.setViewportSize(size);
}, 60_000);

test('a wrong repository address is explained at its field, and no input is lost or cut', async () => {
  await page.goto(`${system.url}/`);
  await page.getByRole('button', { name: /^Repository/ }).click();
  await page.getByPlaceholder('owner/name, or https://…').fill('http://example.org/private.git');
  await page.keyboard.press('Enter');
  await prompt().fill('A prompt that must not be lost');
  await prompt().press('Enter');
  await page.getByRole('alert').first().waitFor();
  expect(await prompt().inputValue()).toBe('A prompt that must not be lost');
  await screenshot(page, 'refused');

  const enter = { key: 'Enter', keyCode: 229, bubbles: true, cancelable: true };
  await prompt().dispatchEvent('keydown', enter);
  expect(await prompt().inputValue()).toBe('A prompt that must not be lost');
  await prompt().fill(`${'x'.repeat(126_000)} What does this say?`);
  await prompt().press('Enter');
  await page.getByText('This text has 126,020 characters').waitFor();
  expect(await prompt().inputValue()).toMatch(/ What does this say\?$/);
  await screenshot(page, 'too-long');
  await prompt().fill('A prompt that must not be lost');
}, 60_000);

test('a stopped run is shown as stopped and holds the queue until it is resumed; archiving can be undone', async () => {
  await page.goto(`${system.url}/`);
  await page.getByRole('button', { name: /^Repository/ }).click();
  await page.getByRole('option', { name: 'Start with an empty repository' }).click();
  await prompt().fill('Work on something that I will stop');
  await prompt().press('Enter');
  await page.getByRole('button', { name: /Stop/ }).waitFor();
  await prompt().fill('Note what comes next');
  await prompt().press('Enter');
  const queue = page.getByRole('region', { name: 'Queued prompts' });
  await queue.getByText('Note what comes next').waitFor();
  await page.getByRole('button', { name: /Stop/ }).click();
  await page
    .getByText(/Stopped|Cancelled/i)
    .first()
    .waitFor();
  await page.reload();
  await queue.getByText('Note what comes next').waitFor();
  await queue.getByText('On hold since the run was stopped.').waitFor();
  await screenshot(page, 'queue-on-hold');
  await queue.getByRole('button', { name: 'Resume queue' }).click();
  await worked().first().waitFor({ timeout: 60_000 });
  expect(await queue.count()).toBe(0);

  const id = new URL(page.url()).pathname.split('/').at(-1);
  const archive = { method: 'PATCH', body: JSON.stringify({ status: 'archived' }) };
  const headers = { 'content-type': 'application/json' };
  // The page shows the end of a run a moment before its session is free.
  await waitFor(async () => (await system.api(`/api/sessions/${id}`, { ...archive, headers })).ok);
  await page.getByRole('button', { name: 'Unarchive' }).click();
  await prompt().waitFor();
}, 120_000);

test('a link to a changed file scrolls the list of diffs and not the page, and hidden characters are marked', async () => {
  const created = await page.request.post(`${system.url}/api/sessions`, {
    data: { repo_url: repository },
    headers: { origin: system.url },
  });
  const session = (await created.json()) as Session;
  const lines = Array.from({ length: 60 }, (_, n) => `const value${n} = ${n};\n`).join('');
  for (const name of ['a.ts', 'b.ts', 'c.ts', 'd.ts', 'e.ts']) {
    await writeFile(join(session.repo_path, name), lines);
  }
  await writeFile(join(session.repo_path, 'z-last.ts'), `if (admin) { \u202e /* begin */ }\n${lines}`);
  await writeFile(join(session.repo_path, 'package-lock.json'), lines);
  const changes = page.getByRole('region', { name: 'Changes, file by file' });
  for (const [width, height] of [
    [1440, 900],
    [390, 844],
  ] as const) {
    await page.setViewportSize({ width, height });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.goto(`${system.url}/sessions/${session.session_id}?panel=changes&file=z-last.ts`);
      await changes.getByRole('img', { name: 'Hidden character right-to-left override' }).waitFor();
      const overflow = await page.evaluate(
        '(({ scrollTop, scrollHeight, clientHeight }) => ({ scrollTop, hidden: scrollHeight - clientHeight }))(document.documentElement)',
      );
      expect(overflow).toEqual({ scrollTop: 0, hidden: 0 });
      await screenshot(page, `changes-${width}-${colorScheme}`);
    }
  }
  await page.setViewportSize({ width: 1360, height: 860 });
  expect(await changes.getAttribute('tabindex')).toBe('0');
  expect(await changes.ariaSnapshot()).toContain('Added: const value0 = 0;');
}, 120_000);

test('what no diff shows can be found in Changes: ignored files to download, changes in HOME to discard', async () => {
  const created = await page.request.post(`${system.url}/api/sessions`, {
    data: {},
    headers: { origin: system.url },
  });
  const { session_id: id, repo_path: repo } = (await created.json()) as Session;
  const homes = join(dirname(repo), 'homes');
  const files = {
    [join(repo, '.gitignore')]: 'dist/\n.env\n',
    [join(repo, '.env')]: 'A=1\n',
    [join(repo, 'dist/site/index.html')]: '<title>Report</title>',
    [join(homes, 'setup/.profile')]: 'A=1\n',
    [join(homes, 'agent/.bashrc')]: 'echo planted\n',
    [join(homes, 'agent.json')]: '{"network":{"mode":"off"}}',
  };
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
  await page.goto(`${system.url}/sessions/${id}?panel=changes`);
  await page.getByRole('button', { name: '2 ignored files (25 B)' }).click();
  const dialog = page.getByRole('dialog');
  const saved = async (link: Locator) => {
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'latin1') };
  };
  const env = dialog.getByRole('link', { name: 'Download .env' });
  expect(await saved(env)).toMatchObject({ text: 'A=1\n' });
  expect(await accessibilityFaults(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'dist' }).click();
  await dialog.getByRole('button', { name: 'site' }).click();
  expect(await saved(dialog.getByRole('link', { name: 'Download dist/site/index.html' }))).toEqual({
    name: 'index.html',
    text: '<title>Report</title>',
  });
  await screenshot(page, 'ignored-files');
  const archive = await saved(dialog.getByRole('link', { name: 'Download folder' }));
  expect(archive.name).toBe('site.zip');
  expect(archive.text).toContain('dist/site/index.html');
  await page.keyboard.press('Escape');

  const inHome = page.getByRole('button', { name: '2 changes in HOME (13 B)' });
  await inHome.click();
  await dialog.getByText('~/.bashrc').waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  await screenshot(page, 'home');
  await dialog.getByRole('button', { name: 'Discard changes' }).click();
  await inHome.waitFor({ state: 'hidden' });
}, 120_000);

test('everything can be done with the keyboard alone: sign in, prompt, review, archive, undo, go elsewhere', async () => {
  const visitor = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  visitor.setDefaultTimeout(30_000);
  const { keyboard } = visitor;
  await visitor.goto(system.link);
  await tabTo(visitor, 'Prompt');
  await keyboard.type('Note what a keyboard can do');
  await keyboard.press('Enter');
  await visitor.waitForURL(/\/sessions\//);
  const session = visitor.url();
  const work = (expanded: boolean) => visitor.getByRole('button', { name: /^Worked for/, expanded });
  await work(false).waitFor({ timeout: 60_000 });

  await tabTo(visitor, /^Worked for/);
  await keyboard.press('Enter');
  await work(true).waitFor();
  await tabTo(visitor, /^Ran /);
  await keyboard.press('Enter');
  await tabTo(visitor, 'Output');
  await tabTo(visitor, 'Review');
  await keyboard.press('Enter');
  await visitor.getByRole('region', { name: 'Changes, file by file' }).waitFor();
  await tabTo(visitor, 'Changes, file by file');
  await keyboard.press('PageDown');

  await tabTo(visitor, 'Session actions');
  await keyboard.press('Enter');
  await visitor.locator('[role=menuitem]:focus').waitFor();
  await keyboard.type('Arc');
  await visitor.locator('[role=menuitem]:focus', { hasText: 'Archive' }).waitFor();
  await keyboard.press('Enter');
  await visitor.getByRole('status').getByText('Session archived').waitFor();
  await visitor.waitForURL(`${system.url}/`);
  await tabTo(visitor, /^Undo/);
  await keyboard.press('Enter');
  await visitor.waitForURL(({ pathname }) => pathname === new URL(session).pathname);

  await keyboard.press('Control+k');
  await visitor.locator('[cmdk-input]:focus').waitFor();
  await keyboard.type('rename');
  await keyboard.press('Enter');
  await visitor.getByRole('dialog', { name: 'Rename session' }).waitFor();
  await keyboard.press('Escape');
  await keyboard.press('Control+k');
  await visitor.locator('[cmdk-input]:focus').waitFor();
  await keyboard.type('new session');
  await keyboard.press('Enter');
  await visitor.waitForURL(`${system.url}/`);
  await visitor.close();
}, 120_000);

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

  await stranger.goto(`${system.url}/settings`);
  await stranger.getByText('iva@example.org').waitFor();
  await stranger.getByText("Iva's organisation").waitFor();
  await press('Sign out');
  await stranger.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
  await stranger.waitForURL(/\/sign-in$/);
  await signIn('three red apples');
  await stranger.getByText('The address or the password is wrong').waitFor();
  await stranger.getByRole('link', { name: 'Forgot your password?' }).click();
  await sendLink('Reset your password');
  await openLink();
  await password.fill('four green apples');
  await press('Set password');
  await stranger.getByRole('heading', { name: 'Your password is set' }).waitFor();
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

  const elsewhere = await (await browser.newContext()).newPage();
  await elsewhere.goto(`${system.url}/sign-in`);
  await elsewhere.getByLabel('Email').fill('iva.new@example.org');
  await elsewhere.getByLabel('Password').fill('five green apples');
  await elsewhere.getByRole('button', { name: 'Sign in' }).click();
  await elsewhere.getByText('What should Codex work on?').waitFor();
  await stranger.reload();
  await stranger.getByRole('button', { name: 'Sign out everywhere else' }).waitFor();
  await screenshot(stranger, 'sign-ins');
  await press('Sign out Chrome on Linux');
  await elsewhere.waitForURL(/\/sign-in$/);
  await Promise.all([elsewhere.context().close(), context.close()]);
}, 120_000);

/** The screens whose parts move between 1440 and 1024 px. */
const BETWEEN = new Set(['session', 'work', 'changes', 'setting-up']);

test('no screen keeps people with a disability out, wide or on a phone, in light or dark', async () => {
  const screens = await everyScreen(system, repository);
  const storageState = await page.context().storageState();
  const touch = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
  const faults: Record<string, string[]> = {};
  const check = async (shown: Page, name: string, theme: 'light' | 'dark', rules?: string[]) => {
    await setTheme(shown, theme);
    const found = [...(await accessibilityFaults(shown, rules)), ...(await pageOverflow(shown))];
    if (shown !== page) found.push(...(await smallTargets(shown)));
    if (found.length > 0) faults[`${name}, ${theme}`] = found;
  };
  const stranger = await browser.newPage(touch);
  for (const [path, heading] of STRANGERS_PAGES) {
    await stranger.goto(`${system.url}${path}`);
    await stranger.getByRole('heading', { name: heading }).waitFor();
    for (const theme of ['light', 'dark'] as const) await check(stranger, path, theme);
    await screenshot(stranger, `stranger${path.replace(/\W/g, '-')}`);
  }
  await stranger.close();

  const phone = await browser.newPage({ ...touch, storageState });
  await page.setViewportSize({ width: 1440, height: 900 });
  // The themes differ in nothing but colours. A screen begins in the theme in which the one before was left.
  let theme: 'light' | 'dark' = 'light';
  const walkWide = async ({ name, open }: Screen) => {
    await open(page);
    await check(page, name, theme);
    await screenshot(page, name);
    theme = theme === 'light' ? 'dark' : 'light';
    await check(page, name, theme, ['color-contrast']);
  };
  const walkPhone = async ({ name, open }: Screen) => {
    await open(phone);
    await check(phone, `${name} on a phone`, 'dark');
    await screenshot(phone, `${name}-phone`);
  };
  for (const screen of screens) await Promise.all([walkWide(screen), walkPhone(screen)]);
  // In between, Changes takes the place of the conversation, and the header has the least room.
  await page.setViewportSize({ width: 1024, height: 768 });
  for (const { name, open } of screens.filter((screen) => BETWEEN.has(screen.name))) {
    await open(page);
    await check(page, `${name} at 1024 px`, 'light');
    await screenshot(page, `${name}-1024`);
  }
  expect(faults).toEqual({});

  await phone.goto(`${system.url}/`);
  const field = phone.getByRole('textbox', { name: 'Prompt' });
  await field.fill('The first line');
  await field.press('Enter');
  await phone.keyboard.type('and the second one');
  expect(await field.inputValue()).toBe('The first line\nand the second one');
  await phone.close();
}, 240_000);

test('20 tabs and 4 windows with live runs share one event stream, and signing out ends it for all', async () => {
  const since = Date.now();
  const context = page.context();
  const sessions = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const response = await system.api('/api/sessions', { method: 'POST', body: '{}' });
      return ((await response.json()) as Session).session_id;
    }),
  );
  const address = (index: number) => `${system.url}/sessions/${sessions[index % sessions.length]}`;
  // Each loads while the next ones are opened.
  const pages: Page[] = [];
  for (let index = 0; index < 20; index++) {
    const tab = await context.newPage();
    await tab.goto(address(index), { waitUntil: 'commit' });
    pages.push(tab);
  }
  for (let index = 0; index < 4; index++) {
    const opened = context.waitForEvent('page');
    await page.evaluate(`void window.open('${address(index)}', '', 'popup,width=700,height=600')`);
    pages.push(await opened);
  }
  for (const one of pages) await one.getByRole('textbox', { name: 'Prompt' }).waitFor();
  for (const id of sessions) {
    const body = JSON.stringify({ prompt: 'Note that everybody watches' });
    await system.api(`/api/sessions/${id}/prompt`, { method: 'POST', body });
  }
  for (const one of pages) {
    await one.getByRole('button', { name: /^Worked for/ }).waitFor({ timeout: 60_000 });
    await one.locator('.markdown').last().waitFor();
  }

  await page.goto(`${system.url}/settings`);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
  for (const one of pages) await one.waitForURL(/\/sign-in$/);
  await Promise.all(pages.map((one) => one.close()));
  const streams = await waitFor(() => eventStreams(system, since), {
    what: 'the gateway to log the event streams',
  });
  expect(streams.filter(({ path }) => path !== '/api/events')).toEqual([]);
  // One more while a connection is replaced by the next.
  expect(mostAtOnce(streams)).toBeLessThanOrEqual(2);
}, 240_000);

test('an admin and a viewer join by their links, and each finds what their role allows', async () => {
  const opened: Page[] = [];
  const open = async (address: string) => {
    const context = await browser.newContext({ viewport: { width: 1360, height: 860 } });
    const tab = await context.newPage();
    tab.setDefaultTimeout(30_000);
    opened.push(tab);
    await tab.goto(address);
    return tab;
  };
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
  await admin.getByRole('link', { name: 'Members and invitations' }).click();
  await admin.getByText('Ada (you)').waitFor();
  // An admin decides about everybody but owners.
  expect(await admin.getByRole('combobox', { name: 'Role of Owner' }).count()).toBe(0);
  await admin.getByRole('combobox', { name: 'Role', exact: true }).selectOption('viewer');
  await admin.getByRole('button', { name: 'Create link' }).click();
  const link = await admin.getByRole('status').locator('code').textContent();
  await admin.getByText('Anybody with the link').waitFor();
  await screenshot(admin, 'members');
  expect(await accessibilityFaults(admin)).toEqual([]);

  const viewer = await open(link ?? '');
  await accept(viewer, 'Vera');
  await viewer.getByText('Sees everything live, and changes nothing.').waitFor();
  await viewer.getByRole('link', { name: 'Your API keys' }).click();
  await viewer.getByRole('textbox', { name: 'Name' }).fill('My script');
  await viewer.getByRole('checkbox', { name: 'All that your role may do' }).uncheck();
  await viewer.getByRole('checkbox', { name: /See sessions/ }).check();
  await viewer.getByRole('button', { name: 'Create key' }).click();
  await viewer.getByText('It is not shown again.').waitFor();
  await viewer.getByText('never used').waitFor();
  await screenshot(viewer, 'api-keys');
  expect(await accessibilityFaults(viewer)).toEqual([]);
  await viewer.getByRole('link', { name: 'Home' }).click();
  await viewer.getByText('Watch Codex work').waitFor();
  expect(await viewer.getByRole('textbox').count()).toBe(0);
  await screenshot(viewer, 'home-of-a-viewer');

  await admin.reload();
  await admin.getByRole('button', { name: 'Reset the password of Vera' }).click();
  await admin.getByRole('button', { name: 'Make a link' }).click();
  await admin.getByText('The link was mailed to vera@example.com.').waitFor();
  await screenshot(admin, 'reset-password-of-a-member');
  await admin.getByRole('button', { name: 'Close' }).click();
  await admin.getByRole('button', { name: 'Remove Vera' }).click();
  await admin.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await admin.getByRole('button', { name: 'Remove Vera' }).waitFor({ state: 'detached' });
  // The server ends the viewer's stream, and the page asks again who they are.
  await viewer.waitForURL(/\/sign-in/);
  for (const tab of opened) await tab.context().close();
}, 120_000);

async function openChanges(): Promise<void> {
  const toggle = page.getByRole('button', { name: /^Changes/ });
  if ((await toggle.getAttribute('aria-pressed')) !== 'true') await toggle.click();
  await page.getByRole('region', { name: 'Changes' }).getByText('notes/').first().waitFor();
}
