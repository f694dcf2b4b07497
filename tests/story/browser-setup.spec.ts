import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Session } from '@saas-codex/contracts/sessions';
import type { Browser, Page } from 'playwright-core';
import { complaints, screenshot, startBrowser } from '@saas-codex/testing/browser';
import { type GitServer, startGitServer } from '@saas-codex/testing/git-server';
import { startSystem, type System } from '@saas-codex/testing/system';
import { waitFor } from '@saas-codex/testing/wait-for';
import { freePort } from '../../scripts/lib/ports.mjs';

/** In a real Chromium, a person opens sessions that cannot be set up as they are, and repairs them. */
let system: System;
let browser: Browser;
let page: Page;
let errors: string[];
/** Nothing listens there until the git server starts, so a clone fails at once. */
let port: number;
let git: GitServer | undefined;

beforeAll(async () => {
  port = await freePort();
  [system, browser] = await Promise.all([
    startSystem({ DEMO_PACE: '0', GIT_TRUSTED_HOSTS: `127.0.0.1:${port}` }),
    startBrowser(),
  ]);
  page = await browser.newPage({ viewport: { width: 1360, height: 860 } });
  errors = complaints(page);
});

afterAll(async () => {
  await browser.close();
  await system.stop();
  await git?.stop();
});

/** Prints a line, waits for the file `go-on`, requests a host that is not allowed, and fails. */
const SCRIPT = `echo "first line of the setup"
until [ -e go-on ]; do sleep 0.1; done
git ls-remote https://packages.example/tools.git || echo "no tools"
exit 3`;

test('a setup streams, is refused a host and fails; once it is corrected, the waiting prompt runs', async () => {
  await page.goto(system.link);
  await prompt().waitFor();
  await page.getByRole('button', { name: 'Environment: No network · no setup' }).click();
  await page.getByRole('radio', { name: 'Setup' }).click();
  await page.getByRole('textbox', { name: 'Setup script' }).fill(SCRIPT);
  await page.reload();
  await page
    .getByRole('button', { name: 'Environment: No network · echo "first line of the setup"' })
    .waitFor();
  await prompt().fill('Note that the tulips have come');
  await prompt().press('Enter');

  await page.waitForURL(/\/sessions\//);
  const setups = page.getByRole('article', { name: 'Setup' });
  await setups.getByText('Setting up').waitFor();
  await setups.getByRole('region', { name: 'Output' }).getByText('first line of the setup').waitFor();
  const queue = page.getByRole('region', { name: 'Queued prompts' });
  await queue.getByText('Waiting for the setup').waitFor();
  await queue.getByText('Note that the tulips have come').waitFor();
  await screenshot(page, 'setup-running');

  await writeFile(join((await session()).repo_path, 'go-on'), '');
  await setups.getByText('Refused: packages.example:443, network is off for this session').waitFor();
  await setups.getByText('Setup failed').waitFor();
  await setups.getByText('exit 3').waitFor();
  const notice = page.getByRole('region', { name: 'Setup', exact: true });
  await notice.getByText('One prompt waits until the setup succeeds.').waitFor();
  await screenshot(page, 'setup-failed');

  await page.getByRole('button', { name: 'Allow packages.example' }).click();
  const dialog = page.getByRole('dialog');
  expect(await dialog.getByRole('radio', { name: 'Allow list' }).isChecked()).toBe(true);
  expect(await dialog.getByLabel('Host', { exact: true }).inputValue()).toBe('packages.example');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Network: packages.example' }).waitFor();
  expect((await session()).network).toEqual({
    mode: 'allow_list',
    hosts: [{ host: 'packages.example', methods: 'any' }],
  });

  await notice.getByRole('button', { name: 'Edit script' }).click();
  await dialog.getByRole('textbox', { name: 'Setup script' }).fill('echo corrected');
  await dialog.getByRole('button', { name: 'Save and run' }).click();
  await page.getByRole('button', { name: /^Worked for/ }).waitFor();
  expect(await notice.count()).toBe(0);
  expect((await session()).setup_status).toBe('succeeded');
  const articles = await page.getByRole('article').all();
  expect(await Promise.all(articles.map((article) => article.getAttribute('aria-label')))).toEqual([
    'Setup',
    'Setup',
    'Prompt: Note that the tulips have come',
  ]);
  await screenshot(page, 'setup-corrected');
  expect(errors).toEqual([]);
});

test('a setup that wants to reach hosts asks where it runs, and goes on with the answers', async () => {
  const script = 'export NO_PROXY= no_proxy=; for n in 2 3; do curl -s http://127.0.0.$n:9/; done';
  const body = { title: 'Asks', network: { mode: 'ask' }, setup: { script } };
  const answer = await system.api('/api/sessions', { method: 'POST', body: JSON.stringify(body) });
  const { session_id: id } = Session.parse(await answer.json());
  await page.goto(`${system.url}/sessions/${id}`);
  const card = page.getByRole('region', { name: 'A command wants to reach a host' });
  await card.getByText('GET 127.0.0.2:9').waitFor();
  await screenshot(page, 'setup-asks');
  await card.getByRole('button', { name: 'Allow for this session' }).click();
  await card.getByText('GET 127.0.0.3:9').waitFor();
  await card.getByRole('button', { name: 'Refuse' }).click();
  await page.getByRole('article', { name: 'Setup' }).getByText('Setup', { exact: true }).waitFor();
  expect((await session()).network).toEqual({
    mode: 'ask',
    hosts: [{ host: '127.0.0.2:9', methods: 'any' }],
  });
});

test('a session whose clone fails before its prompt arrives opens with the reason, and has the prompt', async () => {
  await openHome();
  const address = page.getByPlaceholder('owner/name, or https://…');
  await page.getByRole('button', { name: /^Repository/ }).click();
  await address.fill('github.com/acme/shop');
  await page.getByRole('option', { name: 'Use https://github.com/acme/shop' }).waitFor();
  await address.fill(`http://127.0.0.1:${port}/shop.git`);
  await page.keyboard.press('Enter');
  await page.route('**/prompt', async (route) => {
    const id = new URL(route.request().url()).pathname.split('/').at(-2);
    await waitFor(async () => {
      const answer = await system.api(`/api/sessions/${id}`);
      return Session.parse(await answer.json()).status === 'failed';
    });
    await route.continue();
  });
  await prompt().fill('Note what must not be lost');
  await prompt().press('Enter');
  await page.waitForURL(/\/sessions\//);
  await page.getByRole('alert').getByText(`127.0.0.1:${port}`).first().waitFor();
  await screenshot(page, 'clone-failed');
  await page.unroute('**/prompt');
  await page.getByRole('link', { name: 'Edit and try again' }).click();
  await page.waitForURL(`${system.url}/`);
  expect(await prompt().inputValue()).toBe('Note what must not be lost');
});

test('a failed clone is tried again in place, and the prompt that failed with it runs', async () => {
  await openHome();
  const silent = createServer(() => undefined).listen(port, '127.0.0.1');
  await page.getByRole('button', { name: /^Repository/ }).click();
  await page.getByPlaceholder('owner/name, or https://…').fill(`http://127.0.0.1:${port}/shop.git`);
  await page.keyboard.press('Enter');
  await prompt().fill('Note what the shop sells');
  await prompt().press('Enter');
  await page.waitForURL(/\/sessions\//);
  silent.closeAllConnections();
  await new Promise((resolve) => silent.close(resolve));
  const failure = page.getByRole('alert');
  await failure.waitFor();
  await page.getByText('Note what the shop sells').last().waitFor();

  git = await startGitServer(port);
  await git.createRepository('shop', {
    '.gitattributes': '*.png filter=lfs diff=lfs merge=lfs -text\n',
    'logo.png': 'version https://git-lfs.github.com/spec/v1\noid sha256:4665a5ea\nsize 12345\n',
  });
  const { session_id: id } = await session();
  await failure.getByRole('button', { name: 'Try again' }).click();
  await failure.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: /^Worked for/ }).waitFor();
  expect(await session()).toMatchObject({ session_id: id, status: 'ready', failure: null });
  await screenshot(page, 'clone-tried-again');
});

test('what the clone of a repository lacks is said above the composer until the person has read it', async () => {
  const notices = page.getByRole('region', { name: 'Missing from the clone' });
  const detail = notices.getByText(/^1 file in Git LFS: logo\.png\./);
  expect(await detail.count()).toBe(0);
  await notices.getByRole('button', { name: 'Not everything was fetched with the repository' }).click();
  await detail.waitFor();
  await screenshot(page, 'clone-notices');
  await notices.getByRole('button', { name: 'Dismiss' }).click();
  await page.reload();
  await prompt().waitFor();
  expect(await notices.count()).toBe(0);
});

test('a private repository opens once its token is saved, which is tried before', async () => {
  const token = 'a-token-that-may-read-the-vault';
  const vault = `http://127.0.0.1:${port}/vault.git`;
  await git?.createRepository('vault', { 'README.md': '# Vault\n' });
  git?.protect('vault', { username: 'git', password: token });
  await openHome();
  await page.getByRole('button', { name: /^Repository/ }).click();
  await page.getByPlaceholder('owner/name, or https://…').fill(vault);
  await page.keyboard.press('Enter');
  await prompt().fill('Note what is in the vault');
  await prompt().press('Enter');
  await page.waitForURL(/\/sessions\//);
  const failure = page.getByRole('alert');
  await failure.getByText('save a credential for this host').waitFor();
  const address = page.url();
  await screenshot(page, 'private-repository-refused');

  await failure.getByRole('link', { name: 'Git credentials' }).click();
  await page.getByRole('textbox', { name: 'Host' }).fill(`127.0.0.1:${port}`);
  const field = page.getByLabel('Token', { exact: true });
  await field.fill('short');
  await page.getByText('It must have at least 8 characters.').waitFor();
  await field.fill(token);
  await page.getByRole('button', { name: 'Save credential' }).click();
  await page.getByRole('button', { name: `Test 127.0.0.1:${port}` }).click();
  expect(await field.inputValue()).toBe('');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Address of a repository' }).fill(vault);
  await dialog.getByRole('button', { name: 'Test', exact: true }).click();
  await dialog.getByText('The repository can be read with it.').waitFor();
  await screenshot(page, 'git-credential-tested');
  await dialog.getByRole('button', { name: 'Cancel' }).click();

  await page.goto(address);
  await failure.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('button', { name: /^Worked for/ }).waitFor();
});

/** Home, without what an earlier test has typed and chosen. */
async function openHome(): Promise<void> {
  await page.evaluate('localStorage.clear()');
  await page.goto(`${system.url}/`);
}

const prompt = () => page.getByRole('textbox', { name: 'Prompt' });

/** The API's answer for the session that the page shows. */
async function session(): Promise<Session> {
  const id = new URL(page.url()).pathname.split('/').at(-1);
  return Session.parse(await (await system.api(`/api/sessions/${id}`)).json());
}
