import { readFile } from 'node:fs/promises';
import type { Evidence } from '@saas-codex/contracts/evidence';
import type { Session } from '@saas-codex/contracts/sessions';
import {
  accessibilityFaults,
  complaints,
  pageOverflow,
  screenshot,
  setTheme,
  startBrowser,
} from '@saas-codex/testing/browser';
import { type GitServer, startGitServer } from '@saas-codex/testing/git-server';
import { startSystem, type System } from '@saas-codex/testing/system';
import { waitFor } from '@saas-codex/testing/wait-for';
import type { Browser, Page } from 'playwright-core';

/** In a real Chromium, a person runs the checks of a repository, and sees what they print, show, and when that is stale. */
let git: GitServer;
let system: System;
let browser: Browser;
let page: Page;
let errors: string[];

const CHECKS = `checks:
  - { name: Files, run: "ls; [ -e README.md ]" }
  - { name: Notes, run: "echo looking for notes; ls *.md | wc -l; [ ! -e failing ]" }
`;

beforeAll(async () => {
  git = await startGitServer();
  const environment = { GIT_TRUSTED_HOSTS: git.host, DEMO_PACE: '0', ISOLATION: 'bubblewrap' };
  [system, browser] = await Promise.all([startSystem(environment), startBrowser()]);
  page = await browser.newPage({
    viewport: { width: 1360, height: 860 },
    reducedMotion: 'reduce',
    acceptDownloads: true,
  });
  errors = complaints(page);
});

afterAll(async () => {
  await browser.close();
  await system.stop();
  await git.stop();
});

const dialog = () => page.getByRole('dialog', { name: 'Checks' });
const ship = () => page.getByRole('dialog', { name: 'Ship', exact: true });
const commitAndPush = () => ship().getByRole('button', { name: 'Commit and push' });
const line = (name: string) => dialog().getByRole('listitem').filter({ hasText: name });

async function lookAt(name: string): Promise<void> {
  const faults: string[] = [];
  for (const theme of ['light', 'dark'] as const) {
    await setTheme(page, theme);
    for (const [where, width, height] of [
      ['desk', 1360, 860],
      ['phone', 390, 844],
    ] as const) {
      await page.setViewportSize({ width, height });
      faults.push(...(await accessibilityFaults(page)), ...(await pageOverflow(page)));
      await screenshot(page, `${name}-${theme}-${where}`);
    }
  }
  await page.setViewportSize({ width: 1360, height: 860 });
  expect(faults).toEqual([]);
}

async function open(files: Record<string, string>, name: string): Promise<Session> {
  const repo_url = await git.createRepository(name, files);
  const answer = await system.api('/api/sessions', { method: 'POST', body: JSON.stringify({ repo_url }) });
  const session = (await answer.json()) as Session;
  await page.goto(`${system.url}/sessions/${session.session_id}?panel=changes`);
  await page.getByRole('button', { name: 'Checks…' }).click();
  await dialog().waitFor();
  return session;
}

test('a person runs checks, reads what they printed, takes the evidence, and sees when it is stale', async () => {
  await page.goto(system.link);
  await page.getByRole('textbox', { name: 'Prompt' }).waitFor();
  const { session_id: id } = await open(
    { 'README.md': '# Garden\n', '.saas-codex/checks.yml': `${CHECKS}required: true\n` },
    'checked',
  );
  await dialog().getByText('Not run yet: Files, Notes.').waitFor();
  await dialog().getByRole('button', { name: 'Run checks' }).click();
  await dialog().getByText('Passed', { exact: true }).nth(2).waitFor();
  await line('Notes').getByRole('button').click();
  await line('Notes').getByText('looking for notes').waitFor();
  await lookAt('checks-passed');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    dialog().getByRole('link', { name: 'Download the evidence' }).click(),
  ]);
  const evidence = JSON.parse(await readFile(await download.path(), 'utf8')) as Evidence;
  expect(evidence).toMatchObject({
    session_id: id,
    result: 'passed',
    checks: [{ name: 'Files' }, { name: 'Notes' }],
  });

  await dialog().getByRole('button', { name: 'Close' }).click();
  await page.getByRole('textbox', { name: 'Prompt' }).fill('Note the roses');
  await page.getByRole('textbox', { name: 'Prompt' }).press('Enter');
  await page
    .getByText(/^Worked/)
    .last()
    .waitFor();
  await page.getByRole('button', { name: 'Ship', exact: true }).click();
  await ship().getByText('This repository lets nothing out').waitFor();
  expect(await commitAndPush().isDisabled()).toBe(true);
  await lookAt('checks-required');
  await ship().getByRole('button', { name: 'Checks…' }).click();
  await dialog().getByText('Stale', { exact: true }).waitFor();
  await lookAt('checks-stale');
  await dialog().getByRole('button', { name: 'Run checks' }).click();
  await dialog().getByText('Earlier', { exact: true }).waitFor();
  await dialog().getByText('Passed', { exact: true }).nth(2).waitFor();
  await dialog().getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: 'Ship', exact: true }).click();
  await waitFor(() => commitAndPush().isEnabled());
  expect(errors).toEqual([]);
});

test('a person learns why a check failed, and how to declare checks', async () => {
  const failing = { 'README.md': '# Garden\n', failing: '', '.saas-codex/checks.yml': CHECKS };
  await open(failing, 'failing');
  await dialog().getByRole('button', { name: 'Run checks' }).click();
  await dialog().getByText('exit code 1').waitFor();
  await line('Notes').getByText('looking for notes').waitFor();
  await lookAt('checks-failed');
  await open({ 'README.md': '# Garden\n' }, 'undeclared');
  await dialog().getByText('The repository declares no checks').waitFor();
  await lookAt('checks-none');
  expect(errors).toEqual([]);
});
