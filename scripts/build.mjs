// npm run build [project …]: builds the projects whose sources have changed. --watch: builds the Node projects after each change.
import { resolve } from 'node:path';
import { build, watchSources } from './lib/build.mjs';

const root = resolve(import.meta.dirname, '..');
const only = process.argv.slice(2);
if (only[0] === '--watch') await watchSources(root);
else await build(root, only.length > 0 ? { only } : {});
