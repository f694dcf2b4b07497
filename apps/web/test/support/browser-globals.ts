/** What modules of the page read from the browser as soon as they are loaded. Import it before them. */
const media = Object.assign(new EventTarget(), { matches: false });

Object.defineProperties(globalThis, {
  navigator: { value: { userAgent: 'spec' }, configurable: true },
  matchMedia: { value: () => media, configurable: true },
  localStorage: { value: { getItem: () => null, setItem: () => undefined, removeItem: () => undefined } },
});
