import { readFileSync } from 'node:fs';

/** The same way from `src` and from `dist`. */
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** The product's version: all its parts have one. */
export const VERSION = manifest.version;
