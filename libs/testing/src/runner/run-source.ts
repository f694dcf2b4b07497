import { fileURLToPath } from 'node:url';

/** For Node, before the path of a file: runs the services' TypeScript as it is. */
export const RUN_SOURCE = [
  '--conditions=@saas-codex/source',
  '--import',
  fileURLToPath(new URL('ts-loader.mjs', import.meta.url)),
];
