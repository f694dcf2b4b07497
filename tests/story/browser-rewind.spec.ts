import type { Browser, Page } from 'playwright-core';
import {
  accessibilityFaults,
  complaints,
  pageOverflow,
  screenshot,
  setTheme,
  startBrowser,
} from '@saas-codex/testing/browser';
import { startSystem, type System } from '@saas-codex/testing/system';

/** In a real Chromium, a person goes back to before a prompt, undoes it, edits and resends it, and forks the session. */
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

const prompt = () => page.getByRole('textbox', { name: 'Prompt' });
const run = (name: string) => page.getByRole('article', { name: new RegExp(name) });
const notice = () => page.getByRole('region', { name: 'Rewind', exact: true });

async function ask(text: string): Promise<void> {
  await prompt().fill(text);
  await prompt().press('Enter');
  await run(text)
    .getByText(/^Worked/)
    .waitFor();
}

async function choose(name: string, entry: string): Promise<void> {
  await run(name).getByRole('button', { name: 'More for this prompt' }).click();
  await page.getByRole('menuitem', { name: entry }).click();
}

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
      faults.push(...(await accessibilityFaults(page)), ...(await pageOverflow(page)));
      await screenshot(page, `${name}-${theme}-${where}`);
    }
  }
  await page.setViewportSize({ width: 1360, height: 860 });
  expect(faults).toEqual([]);
}

test('a person goes back, undoes it, edits and resends a prompt, and forks', async () => {
  await page.goto(system.link);
  await prompt().fill('Note the roses');
  await prompt().press('Enter');
  await page.waitForURL(/\/sessions\//);
  await run('Note the roses')
    .getByText(/^Worked/)
    .waitFor();
  await ask('Note the tulips');

  await choose('Note the tulips', 'Rewind to here…');
  const dialog = page.getByRole('dialog', { name: 'Rewind to here' });
  await dialog.getByRole('group', { name: 'What is taken back' }).waitFor();
  await lookAt('rewind-dialog');
  await dialog.getByRole('button', { name: 'Go back' }).click();
  await notice()
    .getByText(/went back/)
    .waitFor();
  await page.getByRole('button', { name: 'One prompt was taken back' }).click();
  await lookAt('rewound');
  await notice().getByRole('button', { name: 'Undo' }).click();
  await run('Note the tulips').waitFor();
  await notice().waitFor({ state: 'detached' });

  await choose('Note the tulips', 'Edit and resend…');
  await page.getByRole('button', { name: 'Go back and edit' }).click();
  await page.getByRole('button', { name: 'One prompt was taken back' }).waitFor();
  expect(await prompt().inputValue()).toBe('Note the tulips');
  await ask('Note the daffodils');
  await notice().waitFor({ state: 'detached' });

  await choose('Note the roses', 'Fork from here');
  // The page shows it, not only the list: prompts go to the fork from here on.
  await page.getByRole('heading', { level: 1, name: /\(fork\)/ }).waitFor();
  await ask('Note the moss');
  expect(errors).toEqual([]);
});
