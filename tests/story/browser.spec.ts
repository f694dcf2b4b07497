import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import type { Session, SessionPage } from '@saas-codex/contracts/sessions';
import {
  accessibilityFaults,
  complaints,
  giveFile,
  pageOverflow,
  screenshot,
  setTheme,
  smallTargets,
  startBrowser,
  tabTo,
} from '@saas-codex/testing/browser';
import { NOWHERE } from '@saas-codex/testing/backend/operations';
import { type GitServer, startGitServer } from '@saas-codex/testing/git-server';
import { type MailServer, startMailServer } from '@saas-codex/testing/mail-server';
import { SAMPLE_IMAGES } from '@saas-codex/testing/sample-images';
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
    startSystem({
      GIT_TRUSTED_HOSTS: git.host,
      MODEL_TRUSTED_HOSTS: NOWHERE,
      DEMO_PACE: '0.3',
      SMTP_URL: mail.url,
      SIGN_UP: 'open',
    }),
    startBrowser(),
  ]);
  // Without a graphics card, what moves in 24 pages takes most of the processor.
  const context = await browser.newContext({
    viewport: { width: 1360, height: 860 },
    reducedMotion: 'reduce',
  });
  page = await context.newPage();
  errors = complaints(page);
});

afterAll(async () => {
  await browser.close();
  await system.stop();
  await Promise.all([git.stop(), mail.stop()]);
});

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

  await worked().waitFor();
  await page.getByText('scripted').first().waitFor();
  const sidebar = page.getByRole('navigation', { name: 'Sidebar' }).or(page.getByLabel('Sidebar')).first();
  await sidebar.getByText('Note that the roses').first().waitFor();

  await openChanges();
  await page.getByText('roses need water').last().waitFor();
  await screenshot(page, 'session');

  await prompt().pressSequentially('Explain @read');
  // It can be clicked: nothing cuts it off.
  await page.getByRole('option', { name: 'README.md' }).click({ trial: true });
  await screenshot(page, 'paths');
  await prompt().press('Enter');
  await waitFor(async () => (await prompt().inputValue()) === 'Explain README.md ');
  await focused(prompt());

  await prompt().fill('And the lilies on Fridays');
  await prompt().press('Enter');
  await page.getByText('And the lilies on Fridays').first().waitFor();
  await worked().nth(1).waitFor();
  // The view has followed the work.
  await page.getByRole('button', { name: 'Jump to latest' }).waitFor({ state: 'detached' });

  await system.restart('kill');

  await page.reload();
  await worked().nth(1).waitFor();
  await page.getByText('And the lilies on Fridays').first().waitFor();
  expect(errors.filter((error) => !/Failed to load resource|net::ERR|50[234]/.test(error))).toEqual([]);
});

test('a prompt that cannot be sent stays in the composer, and is sent once when the server answers again', async () => {
  const path = '**/api/sessions/*/prompt';
  await page.route(path, (route) => route.abort());
  await prompt().fill('And the moss never');
  await prompt().press('Enter');
  await page.getByText('Not sent yet').waitFor();
  expect(await prompt().inputValue()).toBe('And the moss never');
  await page.unroute(path);
  await worked().nth(2).waitFor();
  await page.getByText('Not sent yet').waitFor({ state: 'detached' });
  expect(await prompt().inputValue()).toBe('');
  expect(await page.getByText('And the moss never', { exact: true }).count()).toBe(1);
});

test('a session page shows its answer with at most 250 KB of compressed JavaScript', async () => {
  const visit = await browser.newContext();
  await visit.addCookies(await page.context().cookies());
  const built = resolve(import.meta.dirname, '../../apps/web/dist');
  const url = page.url().replace(/\?.*/, '');
  const { bytes } = await openToFirstAnswer(await visit.newPage(), url, built);
  await visit.close();
  expect(bytes).toBeLessThanOrEqual(250_000);
});

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
});

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
});

test('images are attached by choosing, pasting and dropping, stay over a reload, and open in full size', async () => {
  const [png, jpeg] = [SAMPLE_IMAGES['image/png'], SAMPLE_IMAGES['image/jpeg']];
  const choose = (...files: [name: string, mimeType: string, buffer: Buffer][]) =>
    page
      .getByLabel('Choose images')
      .setInputFiles(files.map(([name, mimeType, buffer]) => ({ name, mimeType, buffer })));
  const give = (how: 'paste' | 'drop') => giveFile(prompt(), how, 'image/png', png);
  const attached = page.getByRole('list', { name: 'Attached images' }).getByRole('listitem');
  const count = (wanted: number) =>
    waitFor(async () => (await attached.count()) === wanted, { what: `${wanted} attached images` });
  const uploaded = (wanted: number) =>
    waitFor(async () => (await attached.getByRole('img').count()) === wanted, { what: 'all to be uploaded' });

  await page.goto(`${system.url}/`);
  await page.getByRole('button', { name: /^Repository/ }).click();
  await page.getByRole('option', { name: 'Start with an empty repository' }).click();
  await choose(['a.png', 'image/png', png], ['b.jpg', 'image/jpeg', jpeg]);
  await uploaded(2);
  await prompt().fill('Note what these images show');
  await screenshot(page, 'images-new-session');
  await prompt().press('Enter');

  await page.waitForURL(/\/sessions\//);
  const shown = page.getByRole('list', { name: 'Images', exact: true }).getByRole('button');
  await shown.nth(1).waitFor();
  const lightbox = page.getByRole('dialog');
  await shown.first().click();
  const widthOf = () =>
    lightbox
      .getByRole('img')
      .evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth);
  await waitFor(async () => (await widthOf()) === 6, { what: 'the image to be loaded' });
  await page.keyboard.press('ArrowRight');
  await lightbox.getByText('2 of 2 ·').waitFor();
  await page.keyboard.press('Escape');
  await lightbox.waitFor({ state: 'detached' });
  await focused(shown.first());
  await worked().waitFor();

  await give('paste');
  await give('drop');
  await uploaded(2);
  await page.reload();
  await uploaded(2);
  await choose(['c.svg', 'image/svg+xml', Buffer.from('<svg/>')]);
  await page.getByText('c.svg is no PNG, JPEG, WebP or GIF.').waitFor();
  await choose(['d.png', 'image/png', Buffer.from('Not an image')]);
  await page.getByRole('alert').getByText('This is no PNG, JPEG, WebP or GIF.').waitFor();
  await prompt().fill('Note that there is one more');
  expect(await page.getByRole('button', { name: 'Send prompt' }).isDisabled()).toBe(true);
  await screenshot(page, 'images-refused');
  const size = page.viewportSize();
  await setTheme(page, 'dark');
  await page.setViewportSize({ width: 390, height: 844 });
  await waitFor(async () => (await pageOverflow(page)).length === 0, { what: 'the page to fit' });
  expect(await accessibilityFaults(page)).toEqual([]);
  await screenshot(page, 'images-phone');
  await shown.first().click();
  await lightbox.getByRole('img').waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  await screenshot(page, 'image-phone');
  await page.keyboard.press('Escape');
  await lightbox.waitFor({ state: 'detached' });
  await setTheme(page, 'light');
  if (size) await page.setViewportSize(size);
  await page.getByRole('button', { name: 'Remove image 3' }).click();
  await page.getByRole('button', { name: 'Remove image 2' }).click();
  await count(1);
  await prompt().press('Enter');
  await shown.nth(2).waitFor();
  await count(0);
  await worked().nth(1).waitFor();
  const id = new URL(page.url()).pathname.split('/').at(-1);
  await system.api(`/api/sessions/${id}`, { method: 'DELETE' });
});

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
  const at = `/api/sessions/${new URL(page.url()).pathname.split('/').at(-1)}`;
  const isQueued = (count: number) =>
    waitFor(async () => ((await (await system.api(at)).json()) as Session).queued_runs === count);
  await isQueued(1);
  // The network delays the first of two. They arrive in the order in which they were sent.
  let release = () => {};
  const delay = new Promise<void>((resolve) => (release = resolve));
  await page.route(`**${at}/prompt`, async (route) => (await delay, route.continue()), { times: 1 });
  for (const text of ['Note what comes after', 'A thought that I take back']) {
    await prompt().fill(text);
    await prompt().press('Enter');
  }
  await queue.getByText('A thought that I take back').waitFor();
  release();
  // One that came after the stop would run at once.
  await isQueued(3);
  await page.getByRole('button', { name: /Stop/ }).click();
  await page
    .getByText(/Stopped|Cancelled/i)
    .first()
    .waitFor();
  await page.reload();
  await queue.getByText('Note what comes next').waitFor();
  await queue.getByText('On hold since the run was stopped.').waitFor();
  await screenshot(page, 'queue-on-hold');

  const row = (text: string) => queue.getByRole('listitem').filter({ hasText: text });
  const isOrder = (...texts: string[]) =>
    waitFor(async () => {
      const shown = await queue.getByRole('listitem').allInnerTexts();
      return shown.map((text) => text.split('\n').at(-1)).join() === texts.join();
    });
  await isOrder('Note what comes next', 'Note what comes after', 'A thought that I take back');
  // By keyboard, and by the menu that a finger can use.
  await row('Note what comes after').getByRole('button', { name: 'Edit' }).focus();
  await page.keyboard.press('Alt+ArrowUp');
  await isOrder('Note what comes after', 'Note what comes next', 'A thought that I take back');
  await focused(row('Note what comes after').getByRole('button', { name: 'Edit' }));
  await row('Note what comes after').getByRole('button', { name: 'Order' }).click();
  await page.getByRole('menuitem', { name: 'Move down' }).click();
  await isOrder('Note what comes next', 'Note what comes after', 'A thought that I take back');
  await row('Note what comes after').getByRole('button', { name: 'Edit' }).click();
  const editing = queue.getByRole('textbox', { name: 'Edit the queued prompt' });
  await editing.fill('Note what comes last');
  await screenshot(page, 'queue-editing');
  await page.reload();
  await editing.waitFor();
  expect(await editing.inputValue()).toBe('Note what comes last');
  await editing.press('Enter');
  await row('Note what comes last').waitFor();
  await row('A thought that I take back').getByRole('button', { name: 'Remove' }).click();
  await waitFor(async () => (await prompt().inputValue()) === 'A thought that I take back');
  await focused(prompt());
  await prompt().fill('');
  await row('Note what comes last').getByRole('button', { name: 'Order' }).click();
  await page.getByRole('menuitem', { name: 'Run next' }).click();
  await worked().first().waitFor();
  await isOrder('Note what comes next');
  await queue.getByRole('button', { name: 'Resume queue' }).click();
  await worked().nth(1).waitFor();
  expect(await queue.count()).toBe(0);

  const id = new URL(page.url()).pathname.split('/').at(-1);
  const archive = { method: 'PATCH', body: JSON.stringify({ status: 'archived' }) };
  const headers = { 'content-type': 'application/json' };
  // The page shows the end of a run a moment before its session is free.
  await waitFor(async () => (await system.api(`/api/sessions/${id}`, { ...archive, headers })).ok);
  await page.getByRole('button', { name: 'Unarchive' }).click();
  await prompt().waitFor();
});

test('what is written while a run works is queued by Enter and sent to it by Ctrl+Enter, and nothing is lost', async () => {
  await page.goto(`${system.url}/`);
  await page.getByRole('button', { name: /^Repository/ }).click();
  await page.getByRole('option', { name: 'Start with an empty repository' }).click();
  await prompt().fill('Build a small game for the terminal');
  await prompt().press('Enter');
  await page.getByRole('button', { name: /Stop/ }).waitFor();
  const sendNow = page.getByRole('form', { name: 'Prompt' }).getByRole('button', { name: 'Send now' });
  const onTheirWay = page.getByRole('region', { name: 'Messages on their way' });
  const queue = page.getByRole('region', { name: 'Queued prompts' });

  // One that is refused comes back.
  const path = '**/api/runs/*/steer';
  await page.route(path, (route) => route.abort());
  await prompt().fill('Note that the game is for children');
  await sendNow.waitFor();
  await prompt().press('Control+Enter');
  await waitFor(async () => (await prompt().inputValue()) === 'Note that the game is for children');
  await page.unroute(path);
  let letGo = () => {};
  const held = new Promise<void>((resolve) => (letGo = resolve));
  await page.route(path, async (route) => {
    await held;
    await route.continue();
  });
  await prompt().press('Control+Enter');
  await onTheirWay.getByText('Note that the game is for children').waitFor();
  await focused(prompt());
  await prompt().fill('Note that children like colours');
  expect(await accessibilityFaults(page)).toEqual([]);
  await screenshot(page, 'steering');
  await prompt().press('Enter');
  await queue.getByText('Note that children like colours').waitFor();
  await queue.getByRole('button', { name: 'Send now' }).click();
  await queue.waitFor({ state: 'detached' });
  letGo();
  await page.unrouteAll({ behavior: 'wait' });

  await worked().first().waitFor();
  await waitFor(async () => (await onTheirWay.count()) === 0);
  const said = ['Note that the game is for children', 'Note that children like colours'];
  // Each is in that run, where Codex has taken it in, or is a prompt of its own.
  await waitFor(async () => (await page.getByRole('button', { name: /Stop/ }).count()) === 0);
  for (const each of await worked().all())
    if ((await each.getAttribute('aria-expanded')) !== 'true') await each.click();
  for (const text of said) await page.getByText(text, { exact: true }).first().waitFor();
  await screenshot(page, 'steered');
});

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
  const long = `\t\treturn [${"'a long line that wraps', ".repeat(9)}];\n`;
  await writeFile(join(session.repo_path, 'z-last.ts'), `if (admin) { \u202e /* begin */ }\n${long}${lines}`);
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
  await waitFor(async () => (await changes.ariaSnapshot()).includes('Added: const value0 = 0;'));
  // What a line wraps to begins below its first word.
  const wrapped = changes.locator('[data-line]', { hasText: 'a long line that wraps' });
  expect(await wrapped.getAttribute('style')).toContain('text-indent: -8ch');
});

test('what no diff shows can be found in Changes: ignored files to download, changes in HOME to discard', async () => {
  const created = await page.request.post(`${system.url}/api/sessions`, {
    // Codex is not prepared in a session that trusts its repository, and so does not renew the HOME below.
    data: { trust_repository: true },
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

  await page.getByRole('button', { name: 'Take the changes' }).click();
  await screenshot(page, 'take-the-changes');
  const patch = await saved(page.getByRole('menuitem', { name: 'Download patch' }));
  expect(patch.name).toBe('new-session.patch');
  expect(patch.text).toContain('+++ b/.gitignore\n@@ -0,0 +1,2 @@\n+dist/\n');

  const inHome = page.getByRole('button', { name: '2 changes in HOME (13 B)' });
  await inHome.click();
  await dialog.getByText('~/.bashrc').waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  await screenshot(page, 'home');
  await dialog.getByRole('button', { name: 'Discard changes' }).click();
  await inHome.waitFor({ state: 'hidden' });
});

test('everything can be done with the keyboard alone: sign in, prompt, review, archive, undo, go elsewhere', async () => {
  const visitor = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const { keyboard } = visitor;
  await visitor.goto(system.link);
  await tabTo(visitor, 'Prompt');
  await keyboard.type('Note what a keyboard can do');
  await keyboard.press('Enter');
  await visitor.waitForURL(/\/sessions\//);
  const session = visitor.url();
  const work = (expanded: boolean) => visitor.getByRole('button', { name: /^Worked for/, expanded });
  await work(false).waitFor();

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
});

test('a secret is saved, renamed, chosen for a session and deleted by its name, and its value is never shown', async () => {
  await page.goto(`${system.url}/settings/secrets`);
  await page.getByText('There are no secrets.').waitFor();
  await page.getByRole('textbox', { name: 'Name' }).fill('PATH');
  await page.getByText('It belongs to the sandbox. Choose another name.').waitFor();
  await page.getByRole('textbox', { name: 'Name' }).fill('NPM_TOKEN');
  await page.getByRole('textbox', { name: 'Value' }).fill('npm_0123456789abcdef');
  await page.getByRole('button', { name: 'Save secret' }).click();
  await page.getByRole('button', { name: 'Change NPM_TOKEN' }).waitFor();
  expect(await page.getByRole('textbox', { name: 'Value' }).inputValue()).toBe('');
  await page.getByRole('button', { name: 'Change NPM_TOKEN' }).click();
  await page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).fill('REGISTRY_TOKEN');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Delete REGISTRY_TOKEN' }).waitFor();
  await page.goto(`${system.url}/`);
  await page.getByRole('button', { name: /^Environment/ }).click();
  await page.getByRole('radio', { name: 'Secrets' }).click();
  await page.getByRole('checkbox', { name: 'REGISTRY_TOKEN' }).check();
  await page.getByRole('button', { name: /^Environment: .* · 1 secret$/ }).waitFor();
  await page.goto(`${system.url}/settings/secrets`);
  await page.getByRole('button', { name: 'Delete REGISTRY_TOKEN' }).click();
  const confirm = page.getByRole('dialog').getByRole('button', { name: 'Delete' });
  expect(await confirm.isDisabled()).toBe(true);
  await page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).fill('REGISTRY_TOKEN');
  await confirm.click();
  await page.getByText('There are no secrets.').waitFor();
  await page.goto(`${system.url}/`);
  await page.getByRole('button', { name: /^Environment/ }).click();
  await page.getByRole('radio', { name: 'Secrets' }).click();
  await page.getByText('was deleted').waitFor();
  await page.getByRole('checkbox', { name: 'REGISTRY_TOKEN' }).click();
  await page.getByText('There are no secrets yet.').waitFor();
});

/** The screens whose parts move between 1440 and 1024 px. */
const BETWEEN = new Set(['session', 'work', 'changes', 'setting-up']);

/** In place of the browser's own notifications, which no page can look at. */
const RECORD_NOTIFICATIONS = `
  window.shown = [];
  window.Notification = class extends EventTarget {
    static permission = 'default';
    static async requestPermission() {
      return (this.permission = 'granted');
    }
    constructor(title, { body }) {
      super();
      Object.assign(this, { title, body, close: () => undefined });
      window.shown.push(this);
    }
  };
  if (localStorage.notifications?.includes('"on":true')) window.Notification.permission = 'granted';`;

test('what waits for the person stands first and is counted; of two tabs one notifies, and none of what is on the screen', async () => {
  const context = await browser.newContext({
    viewport: { width: 1360, height: 860 },
    reducedMotion: 'reduce',
  });
  await context.addCookies(await page.context().cookies());
  await context.addInitScript(RECORD_NOTIFICATIONS);
  const [tab, other] = [await context.newPage(), await context.newPage()];
  await tab.goto(`${system.url}/settings/account`);
  await tab.getByRole('region', { name: 'Notifications' }).getByRole('button', { name: 'Turn on' }).click();
  await tab.getByRole('checkbox', { name: 'A prompt is done' }).waitFor();
  for (const theme of ['light', 'dark'] as const) {
    await setTheme(tab, theme);
    await screenshot(tab, `notifications-${theme}`);
  }
  await Promise.all([tab, other].map((each) => each.goto(system.url)));
  await Promise.all([tab, other].map((each) => each.getByText('Recent').first().waitFor()));
  const shown = () =>
    Promise.all(
      [tab, other].map((each) =>
        each.evaluate<string[]>(`window.shown.map(({ title, body }) => title + ': ' + body)`),
      ),
    );
  const send = async <T>(method: string, path: string, body: object = {}) =>
    (await (
      await system.api(path, { method, ...(method !== 'GET' && { body: JSON.stringify(body) }) })
    ).json()) as T;

  const { session_id: id } = await send<Session>('POST', '/api/sessions', {
    title: 'Done elsewhere',
    repo_url: repository,
  });
  await send('POST', `/api/sessions/${id}/prompt`, { prompt: 'Note what the tulips need' });
  const row = (each: Page) => each.getByRole('link', { name: /Done elsewhere ?, unread/ }).first();
  await Promise.all([row(tab).waitFor(), row(other).waitFor()]);
  await waitFor(async () => (await shown()).flat().length > 0);
  expect((await shown()).flat()).toEqual(['Done elsewhere: Done']);

  const [notifier, listener] = (await shown())[0]?.length ? [tab, other] : [other, tab];
  await notifier.evaluate(`window.shown[0].dispatchEvent(new Event('click'))`);
  await notifier.waitForURL(`**/sessions/${id}*`);
  await row(listener).waitFor({ state: 'detached' });
  await send('POST', `/api/sessions/${id}/prompt`, { prompt: 'Note what the daisies need' });
  await notifier
    .getByRole('button', { name: /^Worked for/ })
    .nth(1)
    .waitFor();

  const { session_id: waiting } = await send<Session>('POST', '/api/sessions', {
    title: 'Set up in vain',
    setup: { script: 'exit 3' },
  });
  await waitFor(async () => (await shown()).flat().includes('Set up in vain: Waits for the setup'));
  expect((await shown()).flat()).toHaveLength(2);
  const first = listener.getByRole('navigation', { name: 'Sessions' }).getByRole('region').first();
  await first.getByRole('link', { name: /Set up in vain/ }).waitFor();
  expect(await first.getAttribute('aria-label')).toBe('Needs you');
  const count = (await send<SessionPage>('GET', '/api/sessions?needs_you=true')).items.length;
  await waitFor(async () => (await listener.title()).startsWith(`(${count}) `));
  const icon = () => listener.locator('link[rel=icon]').getAttribute('href');
  await waitFor(async () => (await icon())?.startsWith('data:image/png'));
  for (const theme of ['light', 'dark'] as const) {
    await setTheme(listener, theme);
    await screenshot(listener, `needs-you-${theme}`);
  }
  await listener.setViewportSize({ width: 390, height: 844 });
  await screenshot(listener, 'needs-you-phone');
  await send('PATCH', `/api/sessions/${waiting}`, { setup: null });
  await listener
    .getByRole('region', { name: 'Needs you' })
    .getByText('Set up in vain')
    .waitFor({ state: 'detached' });
  await context.close();
});

test('a run that asks waits for an answer, which one thumb gives, and says afterwards who gave it', async () => {
  const send = async <T>(method: string, path: string, body?: object) =>
    (await (await system.api(path, { method, ...(body && { body: JSON.stringify(body) }) })).json()) as T;
  const { session_id: id } = await send<Session>('POST', '/api/sessions', {
    title: 'Asks first',
    repo_url: repository,
  });
  const storageState = await page.context().storageState();
  const touch = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
  const phone = await browser.newPage({ ...touch, storageState });
  await phone.goto(`${system.url}/sessions/${id}`);
  await phone.getByRole('button', { name: 'Session actions' }).tap();
  await phone.getByRole('menuitem', { name: 'Approvals…' }).tap();
  const dialog = phone.getByRole('dialog', { name: 'Approvals' });
  await dialog.getByRole('checkbox', { name: 'Ask before acting' }).tap();
  await dialog.getByRole('button', { name: 'Save' }).tap();
  await dialog.waitFor({ state: 'detached' });

  await send('POST', `/api/sessions/${id}/prompt`, { prompt: 'Note what the roses need' });
  const asks = (what: string) => phone.getByRole('region', { name: `Codex wants to ${what}` });
  const accept = (what: string) => asks(what).getByRole('button', { name: 'Accept', exact: true });
  /** Accepts the commands that come before it is there. */
  const shows = (shown: Locator) =>
    waitFor(async () => {
      if (await shown.isVisible()) return true;
      if (await accept('run a command').isEnabled({ timeout: 500 })) await accept('run a command').tap();
      return false;
    });
  await asks('run a command').waitFor();
  await screenshot(phone, 'question-command-phone');
  await shows(asks('change files'));
  await asks('change files').getByText(/roses/).first().waitFor();
  await phone.getByText('Waits for an answer').first().waitFor();
  await page.goto(system.url);
  const needsYou = page
    .getByRole('navigation', { name: 'Sessions' })
    .getByRole('region', { name: 'Needs you' });
  await needsYou.getByRole('link', { name: /Asks first/ }).waitFor();
  await screenshot(page, 'question-in-list');
  expect(await smallTargets(phone)).toEqual([]);
  expect(await pageOverflow(phone)).toEqual([]);
  for (const theme of ['light', 'dark'] as const) {
    await setTheme(phone, theme);
    expect(await accessibilityFaults(phone)).toEqual([]);
    await screenshot(phone, `question-phone-${theme}`);
  }
  await accept('change files').tap();
  const worked = phone.getByRole('button', { name: /^Worked for/ });
  await shows(worked);
  await worked.tap();
  await phone
    .getByText(/ accepted/)
    .first()
    .waitFor();
  await screenshot(phone, 'question-answered-phone');
  await waitFor(async () => (await send<Session>('GET', `/api/sessions/${id}`)).diff?.files === 1);
  await needsYou.getByRole('link', { name: /Asks first/ }).waitFor({ state: 'detached' });
  await phone.close();
});

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
    await check(stranger, path, 'light');
    await check(stranger, path, 'dark', ['color-contrast']);
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
  await system.api('/api/models/server', { method: 'DELETE' });
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
});

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
  // Each loads while the next ones are opened. Small ones take less of the processor to draw.
  const pages: Page[] = [];
  for (let index = 0; index < 20; index++) {
    const tab = await context.newPage();
    await tab.setViewportSize({ width: 480, height: 360 });
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
    await one.getByRole('button', { name: /^Worked for/ }).waitFor();
    await one.locator('.markdown').last().waitFor();
  }

  await page.goto(`${system.url}/settings`);
  await page.getByRole('button', { name: 'Sign out' }).click();
  const signingOut = Date.now();
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
  for (const one of pages) await one.waitForURL(/\/sign-in$/);
  await Promise.all(pages.map((one) => one.close()));
  const streams = await waitFor(() => eventStreams(system, since), {
    what: 'the gateway to log the event streams',
  });
  expect(streams.filter(({ path }) => path !== '/api/events')).toEqual([]);
  expect(streams.filter(({ from, to }) => from < signingOut && to >= signingOut)).toHaveLength(1);
  // While pages are opened, one connection replaces another, and a slow server takes a moment to notice which were closed.
  expect(mostAtOnce(streams)).toBeLessThanOrEqual(4);
});

async function openChanges(): Promise<void> {
  const toggle = page.getByRole('button', { name: /^Changes/ });
  if ((await toggle.getAttribute('aria-pressed')) !== 'true') await toggle.click();
  await page.getByRole('region', { name: 'Changes' }).getByText('notes/').first().waitFor();
}
