import { readFileSync } from 'node:fs';

/** The path is the same from `src` and from `dist`. */
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** The version of the product; all its parts have the same. */
export const VERSION = manifest.version;
