// npm test: installs what it needs, then runs every check and every spec. Works on a fresh clone.
// npm test -- <pattern>: builds, and runs only the specs whose path matches.
// npm run test:unit: only the specs that start no other program (those of the web app, and *.unit.spec.ts). No build.
// npm run test:faults [-- pattern]: the whole fault suite. FAULT_SEED=… replays a random history.
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { build, NODE_PROJECTS } from './lib/build.mjs';
import { CHECKS, runChecks } from './lib/checks.mjs';
import { install } from './lib/install.mjs';
import { requireTestPrograms, runJest } from './lib/jest.mjs';
import { run } from './lib/run.mjs';
import { bundleSpecPackages } from './lib/spec-packages.mjs';
import { requireProgram } from './lib/system-packages.mjs';

const root = resolve(import.meta.dirname, '..');

/** Debian's package, or else Playwright's own download. @returns {Promise<string>} the path of the program */
async function chromium() {
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  try {
    return await requireProgram({ names, debianPackage: 'chromium', purpose: 'Chromium' });
  } catch {
    await run(resolve(root, 'node_modules/.bin/playwright-core'), ['install', 'chromium'], { cwd: root });
    const { chromium: downloaded } = await import('playwright-core');
    return downloaded.executablePath();
  }
}

const workers = `--maxWorkers=${Math.max(2, Math.floor(availableParallelism() / 2))}`;

/** @param {string[]} args for Jest: a pattern, or options */
async function testAll(args) {
  await requireTestPrograms();
  const CHROMIUM_PATH = await chromium();
  await Promise.all([build(root), bundleSpecPackages(root)]);
  const isWhole = args.every((arg) => arg.startsWith('-'));
  // Specs often wait and leave the processor idle. The checks take what is left of it.
  const checks = isWhole ? [...CHECKS.lint, ...CHECKS.typecheck] : [];
  const results = await Promise.allSettled([
    runChecks(root, checks, { inBackground: true }),
    runJest(root, [workers, ...args], { CHROMIUM_PATH }),
  ]);
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  if (failures.length > 0) throw new Error(failures.map((failure) => failure.message).join('\n'));
}

/** @param {string[]} args */
const testUnits = (args) => runJest(root, args, { SPECS: 'unit' });

/** @param {string[]} args */
async function testFaults(args) {
  await requireTestPrograms();
  await build(root, { only: NODE_PROJECTS });
  const only = args.some((arg) => !arg.startsWith('-')) ? [] : ['tests/faults'];
  // One system at a time, so that nothing else disturbs its timing. Endless responses of the scripted model keep Jest
  // from ending by itself.
  await runJest(root, ['--runInBand', '--forceExit', '--verbose', ...args, ...only], { SPECS: 'faults' });
}

const [suite = '--all', ...rest] = process.argv.slice(2);
try {
  await install(root);
  if (suite === '--unit') await testUnits(rest);
  else if (suite === '--faults') await testFaults(rest);
  else await testAll(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
