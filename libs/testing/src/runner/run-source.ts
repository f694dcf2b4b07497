import { fileURLToPath } from 'node:url';

/** Arguments for Node, before the path of a file: runs the services' TypeScript directly. */
export const RUN_SOURCE = [
  '--conditions=@saas-codex/source',
  '--import',
  fileURLToPath(new URL('ts-loader.mjs', import.meta.url)),
];
