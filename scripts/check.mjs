// npm run lint, npm run typecheck: the checks of that name. `npm test` runs all of them.
import { resolve } from 'node:path';
import { CHECKS, runChecks } from './lib/checks.mjs';

const name = process.argv[2];
try {
  if (name !== 'lint' && name !== 'typecheck') throw new Error('Say which checks to run: lint or typecheck.');
  await runChecks(resolve(import.meta.dirname, '..'), CHECKS[name]);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
