import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import axe from 'axe-core';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { PATIENCE_MS } from './wait-for.js';

/** Screenshots from the stories, for people to look at. No test compares them. */
const SCREENSHOTS = resolve(import.meta.dirname, '../../../test-results');

/** A real Chromium that connects only to our servers. `npm test` passes its path. */
export async function startBrowser(): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  browser.on('context', (context) => context.setDefaultTimeout(PATIENCE_MS));
  return browser;
}

export async function screenshot(page: Page, name: string): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: resolve(SCREENSHOTS, `${name}.png`) });
}

/** Collects the errors of a page: failed scripts, refused resources, console errors. */
export function complaints(page: Page): string[] {
  const seen: string[] = [];
  page.on('pageerror', (error) => seen.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') seen.push(message.text());
  });
  return seen;
}

/** Waits until the page shows a theme, which follows the system's. */
export async function setTheme(page: Page, theme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
  await page.locator(`html[data-theme=${theme}]`).waitFor();
}

/**
 * What axe finds on the page that keeps people with a disability from using it (`serious` or `critical`), diffs in
 * shadow roots included: its rule, and the elements.
 * @param rules all by default
 */
export async function accessibilityFaults(page: Page, rules?: string[]): Promise<string[]> {
  if (!(await page.evaluate<boolean>(`'axe' in window`))) await page.evaluate(axe.source);
  // Nothing is preloaded: that is for rules about audio and video, which the app does not have.
  const options: axe.RunOptions = {
    resultTypes: ['violations'],
    preload: false,
    ...(rules && { runOnly: rules }),
  };
  // Only what matters is handed over: all that axe says about a page takes longer to transfer than to find.
  return page.evaluate<string[]>(`
    axe.run(document, ${JSON.stringify(options)}).then(({ violations }) =>
      violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }) =>
          id + ': ' + nodes.map(({ html, failureSummary }) => html.slice(0, 100) + ' ' + failureSummary).join('; ')))`);
}

/** What a finger can hit on the page that is lower than 44 px. Links and buttons within a sentence may be. */
export const smallTargets = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(`
    Array.from(document.querySelectorAll('button, a[href], input, textarea, [role=menuitem], [role=option]'))
      .filter((element) => element.checkVisibility({ opacityProperty: true }) && !element.closest('p, .sr-only'))
      .map((element) => ({ element, height: (element.closest('label') ?? element).getBoundingClientRect().height }))
      .filter(({ height }) => height > 0 && height < 43.5)
      .map(({ element, height }) => (element.ariaLabel || element.textContent).slice(0, 40) + ', ' + Math.round(height) + ' px')`);

/** How far the page scrolls although only its parts should, in pixels; nothing if it does not. */
export const pageOverflow = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(`
    (({ scrollWidth, clientWidth, scrollHeight, clientHeight }) =>
      scrollWidth > clientWidth || scrollHeight > clientHeight
        ? ['the page scrolls by ' + (scrollWidth - clientWidth) + ' and ' + (scrollHeight - clientHeight) + ' px']
        : [])(document.documentElement)`);

/** What `giveFile` uses of a page. */
interface PageOfFiles {
  File: new (parts: Uint8Array[], name: string, options: { type: string }) => object;
  DataTransfer: new () => { items: { add: (file: object) => void } };
  ClipboardEvent: new (type: string, options: object) => Event;
  DragEvent: new (type: string, options: object) => Event;
}

/** Pastes a file into a field, or drops it there. */
export async function giveFile(
  field: Locator,
  how: 'paste' | 'drop',
  type: string,
  bytes: Buffer,
): Promise<void> {
  const given = { how, type, bytes: [...bytes] };
  await field.evaluate((element, file) => {
    const page = globalThis as unknown as PageOfFiles;
    const data = new page.DataTransfer();
    data.items.add(new page.File([new Uint8Array(file.bytes)], 'given', { type: file.type }));
    const options = { bubbles: true, cancelable: true, clipboardData: data, dataTransfer: data };
    const Kind = file.how === 'paste' ? page.ClipboardEvent : page.DragEvent;
    (element as unknown as EventTarget).dispatchEvent(new Kind(file.how, options));
  }, given);
}

/** Presses Tab until an element with this name or text has the focus. */
export async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  const stops: string[] = [];
  for (let presses = 0; presses < 150; presses += 1) {
    const focused = await page.evaluate<string>(
      `document.activeElement.ariaLabel || document.activeElement.textContent || ''`,
    );
    if (typeof name === 'string' ? focused === name : name.test(focused)) return;
    stops.push(focused.slice(0, 40));
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab never reaches ${name}, only ${[...new Set(stops)].join(' | ')}`);
}
