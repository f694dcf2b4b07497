import type { Page } from 'playwright-core';
import type { Place } from './secret-search.js';

/** Everything that a page of this origin can keep or has asked for, by kind. */
const READ = `(async () => {
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const databases = [];
  for (const { name } of await indexedDB.databases()) {
    const database = await done(indexedDB.open(name));
    for (const store of database.objectStoreNames) {
      const rows = database.transaction(store).objectStore(store);
      databases.push(name, store, await done(rows.getAllKeys()), await done(rows.getAll()));
    }
    database.close();
  }
  const cached = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys())
      cached.push(name, request.url, await (await cache.match(request)).text());
  }
  return {
    'local-storage': JSON.stringify(localStorage),
    'session-storage': JSON.stringify(sessionStorage),
    'indexed-db': JSON.stringify(databases),
    caches: JSON.stringify(cached),
    state: JSON.stringify([history.state, window.name, document.referrer]),
    requests: JSON.stringify(performance.getEntriesByType('resource').map(({ name }) => name)),
  };
})()`;

/** All that a browser has kept of a page: its storages, cookies, and the addresses of its history and its requests. */
export async function browserPlaces(page: Page): Promise<Place[]> {
  const devtools = await page.context().newCDPSession(page);
  const { entries } = await devtools.send('Page.getNavigationHistory');
  await devtools.detach();
  const kept = {
    ...(await page.evaluate<Record<string, string>>(READ)),
    cookies: JSON.stringify(await page.context().cookies()),
    // What a person has typed stays beside it, until the tab is closed.
    history: JSON.stringify(entries.map(({ url }) => url)),
  };
  return Object.entries(kept).map(([kind, content]) => ({ name: `browser:${kind}`, content }));
}

/** Puts the text into each of them. */
export async function plantInBrowser(page: Page, text: string): Promise<void> {
  await page.evaluate(`(async (text) => {
    localStorage.setItem('planted', text);
    sessionStorage.setItem('planted', text);
    document.cookie = 'planted=' + text;
    history.pushState(text, '', '#' + text);
    await (await caches.open('planted')).put('/planted', new Response(text));
    await fetch('/health?' + text);
    await new Promise((resolve, reject) => {
      const request = indexedDB.open('planted');
      request.onerror = reject;
      request.onupgradeneeded = () => request.result.createObjectStore('planted').put(text, 'key');
      request.onsuccess = () => resolve(request.result.close());
    });
  })(${JSON.stringify(text)})`);
}
