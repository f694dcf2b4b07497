import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Locator, Page } from 'playwright-core';
import type { Diff } from '@saas-codex/contracts/diffs';
import type { Session } from '@saas-codex/contracts/sessions';
import {
  accessibilityFaults,
  complaints,
  pageOverflow,
  screenshot,
  setTheme,
  smallTargets,
  startBrowser,
} from '@saas-codex/testing/browser';
import { type GitServer, startGitServer } from '@saas-codex/testing/git-server';
import { SAMPLE_IMAGES } from '@saas-codex/testing/sample-images';
import { startSystem, type System } from '@saas-codex/testing/system';
import { waitFor } from '@saas-codex/testing/wait-for';

/** A person reviews changes in a real Chromium, as on a forge. */
let git: GitServer;
let system: System;
let browser: Browser;
let page: Page;
let errors: string[];
let session: Session;

const LINES = Array.from({ length: 120 }, (_, n) => `export const value${n} = ${n};`);
const text = (lines: readonly string[]) => `${lines.join('\n')}\n`;
const write = (name: string, content: string | Buffer) => writeFile(join(session.repo_path, name), content);

beforeAll(async () => {
  git = await startGitServer();
  const repo_url = await git.createRepository('review', {
    'README.md': '# Garden\n',
    'logo.png': SAMPLE_IMAGES['image/png'],
    'src/values.ts': text(LINES),
    'src/indented.ts': 'if (a) {\n  b();\n}\n',
    'src/deep/found.ts': 'export const needle = 1;\n',
  });
  [system, browser] = await Promise.all([startSystem({ GIT_TRUSTED_HOSTS: git.host }), startBrowser()]);
  const context = await browser.newContext({
    viewport: { width: 1500, height: 900 },
    reducedMotion: 'reduce',
  });
  page = await context.newPage();
  errors = complaints(page);
  await page.goto(system.link);
  await page.getByRole('textbox', { name: 'Prompt' }).waitFor();
  const created = await page.request.post(`${system.url}/api/sessions`, {
    data: { repo_url },
    headers: { origin: system.url },
  });
  session = (await created.json()) as Session;
  await write('src/values.ts', text(LINES.with(60, 'export const changed = true;')));
  await write('src/indented.ts', 'if (a) {\n    b();\n}\n');
  await write('src/new.ts', 'export const isNew = 1;\n');
  await write('logo.png', SAMPLE_IMAGES['image/gif']);
  // Only what runs and edits have left is known: an undo goes back to it.
  const patch = await (await page.request.get(`${api()}/patch`)).text();
  const inRepo = { cwd: session.repo_path };
  await promisify(execFile)('git', ['reset', '-q', '--hard'], inRepo);
  await promisify(execFile)('git', ['clean', '-fdq'], inRepo);
  const applied = await page.request.post(`${api()}/patches`, { data: { patch }, headers: headers() });
  expect(await applied.json()).toMatchObject({ status: 'succeeded' });
});

afterAll(async () => {
  await browser.close();
  await system.stop();
  await git.stop();
});

const api = () => `${system.url}/api/sessions/${session.session_id}`;
const headers = () => ({ origin: system.url, prefer: 'wait=60' });

async function edit(path: string, content: string): Promise<void> {
  const { to: tree } = (await (await page.request.get(`${api()}/diff`)).json()) as Diff;
  const edited = await page.request.put(`${api()}/files`, {
    data: { path, content, tree },
    headers: headers(),
  });
  expect(await edited.json()).toMatchObject({ status: 'succeeded' });
}

const open = (panel: string) => page.goto(`${system.url}/sessions/${session.session_id}?panel=${panel}`);
const card = (path: string) => page.locator('section').and(page.getByLabel(path, { exact: true }));
const press = async (key: string) => {
  await page.evaluate('document.activeElement.blur()');
  await page.keyboard.press(key);
};

async function inEachTheme(name: string): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    await setTheme(page, theme);
    await screenshot(page, `${name}-${theme}`);
    expect(await accessibilityFaults(page)).toEqual([]);
  }
}

test('files are marked as viewed by content, lines between changes are shown, and white space is hidden', async () => {
  await open('changes');
  const values = card('src/values.ts');
  await values.getByText('export const changed = true;').waitFor();
  await inEachTheme('review');

  // The lines between changes.
  await values.locator('[data-expand-button]').first().click();
  await values.getByText('export const value45 = 45;').waitFor();

  // Both sides of an image.
  const logo = card('logo.png');
  await logo.getByText('6 × 4').waitFor();
  await logo.getByText('1 × 1').waitFor();

  // Viewed: the card folds, other tabs know, and a later change takes the mark away.
  await values.getByLabel('Viewed').click();
  await page.getByText('1 of 4 viewed').waitFor();
  await values.getByText('export const changed = true;').waitFor({ state: 'detached' });
  await screenshot(page, 'review-viewed');
  await page.reload();
  await page.getByText('1 of 4 viewed').waitFor();
  await edit('src/values.ts', text(LINES.with(60, 'export const changed = 2;')));
  await page.reload();
  await values.getByText('export const changed = 2;').waitFor();
  expect(await values.getByLabel('Viewed').isChecked()).toBe(false);

  const chooseView = async (name: string) => {
    await page.getByRole('button', { name: 'View options' }).click();
    await page.getByRole('menuitemradio', { name }).click();
  };
  await chooseView('Hide white space');
  await card('src/indented.ts').getByText('Only white space changed').waitFor();
  await chooseView('Show white space');
  await card('src/indented.ts').getByText('Only white space changed').waitFor({ state: 'detached' });
});

test('the keyboard goes from file to file, marks, and searches names and changed lines', async () => {
  await open('changes');
  await card('src/values.ts')
    .getByText(/export const changed/)
    .waitFor();
  const file = () => new URL(page.url()).searchParams.get('file');
  const order: (string | null)[] = [];
  for (let step = 0; step < 3; step += 1) {
    const before = file();
    await press('j');
    await waitFor(() => file() !== before);
    order.push(file());
  }
  expect(new Set(order).size).toBe(3);
  await press('k');
  await waitFor(() => file() === order[1]);
  await press('v');
  await page.getByText('1 of 4 viewed').waitFor();
  await press('v');
  await page.getByText('1 of 4 viewed').waitFor({ state: 'detached' });

  await press('/');
  await page.keyboard.type('isnew');
  await card('src/values.ts').waitFor({ state: 'detached' });
  await card('src/new.ts').waitFor();
  await screenshot(page, 'review-search');
  await page.keyboard.press('Escape');
  await card('src/values.ts').waitFor();
});

test('comments, lines between changes and reverts stand in one diff', async () => {
  await open('changes');
  const values = card('src/values.ts');
  const changed = values.getByText(/export const changed/);
  await changed.waitFor();
  await values.locator('[data-expand-button]').first().click();
  const between = values.getByText('export const value45 = 45;');
  await between.waitFor();

  // A line that did not change takes a comment too, below it. Letters that are typed there are no shortcuts.
  await values.locator('[data-column-number="46"]').first().hover();
  await values.locator('[data-utility-button]').click();
  const field = page.getByRole('textbox', { name: 'Comment on line 46' });
  await field.pressSequentially('Review j, v or c?');
  await field.press('ControlOrMeta+Enter');
  const comment = values.getByRole('article', { name: 'Comment by You' });
  await comment.getByText('Review j, v or c?').waitFor();
  const heightOf = async (element: Locator) => (await element.boundingBox())?.y ?? 0;
  await waitFor(async () => (await heightOf(comment)) > (await heightOf(between)));
  await inEachTheme('review-comment');

  await values.getByRole('button', { name: 'Revert line 61' }).click();
  await values.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: '1 comment', exact: true }).waitFor();
  // The conversation has one more for each edit.
  await page.getByRole('status').getByRole('button', { name: 'Undo' }).click();
  await changed.waitFor();
});

test('what was reviewed is left out until it changes again', async () => {
  await open('changes');
  await page.getByRole('button', { name: 'Mark as reviewed' }).click();
  await page.getByRole('button', { name: 'All changes' }).click();
  await page.getByRole('menuitem', { name: 'Since my last review' }).click();
  await page.getByText('Nothing new since your last review').waitFor();
  await edit('src/new.ts', 'export const isNew = 2;\n');
  await page.reload();
  await card('src/new.ts').waitFor();
  expect(await page.locator('[data-path]').count()).toBe(1);
  await card('src/new.ts').getByText('isNew = 2').waitFor();
  await screenshot(page, 'review-since');
});

test('a file is edited by hand, a patch is applied, and a review is asked for, each in its dialog', async () => {
  await open('changes');
  await card('src/new.ts').getByRole('button', { name: 'More for this file' }).click();
  await page.getByRole('menuitem', { name: 'Edit…' }).click();
  const editor = page.getByRole('dialog', { name: 'Edit file' });
  await editor.getByRole('textbox', { name: 'Text of src/new.ts' }).fill('export const isNew = 3;\n');
  await editor.getByRole('button', { name: 'Save' }).click();
  await card('src/new.ts').getByText('isNew = 3').waitFor();

  const { to: tree } = (await (await page.request.get(`${api()}/diff`)).json()) as Diff;
  await page.getByRole('button', { name: 'Change the files' }).click();
  await page.getByRole('menuitem', { name: 'Apply patch…' }).click();
  const patch = page.getByRole('dialog', { name: 'Apply a patch' });
  await patch
    .getByRole('textbox', { name: 'Patch' })
    .fill('--- a/README.md\n+++ b/README.md\n@@ -1 +1,2 @@\n # Garden\n+Water it.\n');
  await patch.getByRole('button', { name: 'Apply' }).click();
  await card('README.md').getByText('Water it.').waitFor();
  const after = (await (await page.request.get(`${api()}/diff?from=${tree}`)).json()) as Diff;
  expect(after.files.map(({ path }) => path)).toEqual(['README.md']);

  await page.getByRole('button', { name: 'Session actions' }).click();
  await page.getByRole('menuitem', { name: 'Review…' }).click();
  const review = page.getByRole('dialog', { name: 'Review' });
  await review.getByText('Something else').click();
  await review.getByRole('textbox', { name: 'Instructions' }).fill('Look at the names.');
  await review.getByRole('button', { name: 'Start review' }).click();
  await review.waitFor({ state: 'detached' });
  await page.getByText('Look at the names.').first().waitFor();
});

test('all files are read, searched and downloaded, on a phone too', async () => {
  await open('files');
  await page.getByRole('button', { name: 'src', exact: true }).click();
  await page.getByRole('button', { name: 'values.ts', exact: true }).click();
  await page.getByText(/export const changed/).waitFor();
  await inEachTheme('files');
  // This panel has no room for both, so the list comes back first.
  await page.getByRole('button', { name: 'All files' }).click();
  await page.getByRole('searchbox', { name: 'Search names and texts' }).fill('NEEDLE');
  await page.getByRole('button', { name: 'export const needle = 1;' }).click();
  const shown = page.locator('section').and(page.getByLabel('src/deep/found.ts', { exact: true }));
  await shown.getByText('export const needle = 1;').waitFor();
  await screenshot(page, 'files-search');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    shown.getByRole('button', { name: 'Download file' }).click(),
  ]);
  expect(download.suggestedFilename()).toBe('found.ts');
  expect(readFileSync(await download.path(), 'utf8')).toBe('export const needle = 1;\n');

  const phone = await browser.newContext({
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
    storageState: await page.context().storageState(),
  });
  const handy = await phone.newPage();
  for (const panel of ['files', 'files&file=src/values.ts', 'changes']) {
    await handy.goto(`${system.url}/sessions/${session.session_id}?panel=${panel}`);
    await handy
      .getByText(panel === 'files' ? 'README.md' : /export const (changed|value60)/)
      .first()
      .waitFor();
    await screenshot(handy, `review-phone-${panel.replaceAll(/\W/g, '-')}`);
    expect(await pageOverflow(handy)).toEqual([]);
    expect(await smallTargets(handy)).toEqual([]);
  }
  await phone.close();
  expect(errors).toEqual([]);
});
