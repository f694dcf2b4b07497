import type { Comment, CommentPage } from '@saas-codex/contracts/comments';
import type { Diff } from '@saas-codex/contracts/diffs';
import {
  accessibilityFaults,
  complaints,
  pageOverflow,
  screenshot,
  setTheme,
  smallTargets,
  startBrowser,
} from '@saas-codex/testing/browser';
import { startSystem, type System } from '@saas-codex/testing/system';
import { waitFor } from '@saas-codex/testing/wait-for';
import type { Browser, Page } from 'playwright-core';

/** In a real Chromium, a person comments on lines of a change and has Codex work on the comments. */
let system: System;
let browser: Browser;
let page: Page;
let errors: string[];

beforeAll(async () => {
  [system, browser] = await Promise.all([startSystem({ DEMO_PACE: '0' }), startBrowser()]);
  page = await browser.newPage({ viewport: { width: 1360, height: 860 }, reducedMotion: 'reduce' });
  errors = complaints(page);
});

afterAll(async () => {
  await browser.close();
  await system.stop();
});

const path = (rest: string) => `/api/sessions/${page.url().split('/sessions/')[1]?.split('?')[0]}${rest}`;
const read = async <T>(rest: string) => (await (await system.api(path(rest))).json()) as T;
const comments = async () => (await read<CommentPage>('/comments')).items;
const prompt = () => page.getByRole('textbox', { name: 'Prompt' });
const field = () => page.getByRole('textbox', { name: /^Comment on line/ });
const numberOf = (line: number) => page.locator(`[data-column-number="${line}"]`).first();

/** In both themes, and on a phone. */
async function lookAt(name: string): Promise<void> {
  const faults: string[] = [];
  for (const theme of ['light', 'dark'] as const) {
    await setTheme(page, theme);
    for (const [where, width, height] of [
      ['desk', 1360, 860],
      ['phone', 390, 844],
    ] as const) {
      await page.setViewportSize({ width, height });
      await page.getByRole('region', { name: 'Changes, file by file' }).waitFor();
      faults.push(...(await accessibilityFaults(page)), ...(await pageOverflow(page)));
      await screenshot(page, `${name}-${theme}-${where}`);
    }
  }
  await page.setViewportSize({ width: 1360, height: 860 });
  expect(faults).toEqual([]);
}

test('a person comments on lines, sees the comments of others, and sends them all', async () => {
  await page.goto(system.link);
  await prompt().fill('Note the roses');
  await prompt().press('Enter');
  await page.waitForURL(/\/sessions\//);
  await page
    .getByText(/^Worked/)
    .first()
    .waitFor();
  await page.goto(`${page.url().split('?')[0]}?panel=changes`);
  await numberOf(1).waitFor();

  // With the pointer.
  await numberOf(1).hover();
  await page.locator('[data-utility-button]').click();
  await field().pressSequentially('Which roses?');
  // What is typed survives a reload.
  await page.reload();
  await field().waitFor();
  expect(await field().inputValue()).toBe('Which roses?');
  await lookAt('comment-draft');
  await field().press('ControlOrMeta+Enter');
  const first = page.getByRole('article', { name: 'Comment by You' });
  await first.getByText('Not sent').waitFor();
  await waitFor(async () => (await comments()).length === 1);
  await field().waitFor({ state: 'detached' });

  // Somebody else's comment comes by itself.
  const { to: tree } = await read<Diff>('/diff');
  const [{ path: file } = { path: '' }] = await comments();
  const body = { path: file, tree, side: 'new', first_line: 1, last_line: 1, text: 'And the tulips?' };
  await system.api(path('/comments'), { method: 'POST', body: JSON.stringify(body) });
  await page.getByText('And the tulips?').waitFor();
  await page.getByRole('button', { name: '2 comments', exact: true }).waitFor();

  // With the keyboard: the first changed line, then a field for it.
  await page.getByRole('region', { name: 'Changes, file by file' }).focus();
  await page.keyboard.press('c');
  await page.locator('[data-selected-line]').first().waitFor();
  await page.keyboard.press('c');
  await field().fill('A third one.');
  await page.getByRole('button', { name: 'Comment', exact: true }).click();
  await page.getByRole('button', { name: '3 comments', exact: true }).click();
  await lookAt('comments');

  await page.getByRole('button', { name: 'Send 3 comments' }).click();
  await page.getByText('Not sent').first().waitFor({ state: 'detached' });
  const [sent] = await comments();
  expect(new Set((await comments()).map(({ run_id: id }: Comment) => id))).toEqual(new Set([sent?.run_id]));

  await first.first().getByRole('button', { name: 'Resolve' }).first().click();
  await page.getByRole('button', { name: '1 resolved comment' }).waitFor();
  await page.setViewportSize({ width: 390, height: 844 });
  await lookAt('comments-sent');
  expect(errors).toEqual([]);
});

test('on a touch screen a line is commented on by taps', async () => {
  const phone = await browser.newPage({
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
    reducedMotion: 'reduce',
    storageState: await page.context().storageState(),
  });
  await phone.goto(page.url());
  const number = phone.locator('[data-column-number="1"]').first();
  await number.waitFor();
  await number.tap();
  await phone.locator('[data-utility-button]').tap();
  await phone.getByRole('textbox', { name: /^Comment on line/ }).waitFor();
  await screenshot(phone, 'comment-touch');
  expect(await smallTargets(phone)).toEqual([]);
  await phone.close();
});
