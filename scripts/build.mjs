// npm run build [project …]: builds the projects whose sources have changed.
import { resolve } from 'node:path';
import { build } from './lib/build.mjs';

const only = process.argv.slice(2);
await build(resolve(import.meta.dirname, '..'), only.length > 0 ? { only } : {});
