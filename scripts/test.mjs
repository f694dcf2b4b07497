// npm test: installs what it needs, then every check and every test, on a fresh clone as on a used one.
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { install } from './lib/install.mjs';

const root = resolve(import.meta.dirname, '..');
await install(root);
const { capture, run } = await import('./lib/run.mjs');
const { requireProgram } = await import('./lib/system-packages.mjs');
const { wantBubblewrap } = await import('./lib/bubblewrap.mjs');
const { build } = await import('./lib/build.mjs');

const bin = (/** @type {string} */ name) => resolve(root, 'node_modules/.bin', name);
const options = { cwd: root };

/** Debian's package, else Playwright's own download. */
async function chromium() {
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  try {
    return await requireProgram({ names, debianPackage: 'chromium', purpose: 'Chromium' });
  } catch {
    await run(bin('playwright-core'), ['install', 'chromium'], options);
    const { chromium: downloaded } = await import('playwright-core');
    return downloaded.executablePath();
  }
}

/**
 * Runs the checks two at a time; a failing one shows its output and fails the whole at the end.
 * @param {[name: string, command: string, args: string[]][]} checks
 */
async function inPairs(checks) {
  const queue = [...checks];
  let failed = 0;
  const worker = async () => {
    for (let check = queue.shift(); check; check = queue.shift()) {
      const [name, command, args] = check;
      const startedAt = performance.now();
      const seconds = () => ((performance.now() - startedAt) / 1000).toFixed(1);
      try {
        await capture(command, args, options);
        console.log(`ok    ${name} (${seconds()} s)`);
      } catch (error) {
        failed++;
        console.log(
          `FAIL  ${name} (${seconds()} s)\n${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
  };
  await Promise.all([worker(), worker()]);
  if (failed > 0) throw new Error(`${failed} of ${checks.length} checks failed.`);
}

try {
  await requireProgram({ names: ['git'], debianPackage: 'git', purpose: 'git' });
  await requireProgram({
    names: ['redis-server', 'valkey-server'],
    debianPackage: 'redis-server',
    purpose: 'Redis',
  });
  await wantBubblewrap();
  const CHROMIUM_PATH = await chromium();
  await build(root);
  await inPairs([
    ['types', bin('tsc'), ['--project', 'tsconfig.json']],
    ['types of the web app', bin('tsc'), ['--project', 'apps/web/tsconfig.json']],
    ['lint and cycles', bin('oxlint'), ['--type-aware', '--deny-warnings']],
    ['formatting', bin('prettier'), ['--check', '--log-level', 'warn', '.']],
    ['import directions', bin('depcruise'), ['--config', '.dependency-cruiser.cjs', 'apps', 'libs']],
    ['unused code', bin('knip'), ['--no-progress']],
  ]);
  const jest = ['--experimental-vm-modules', '--no-warnings', resolve(root, 'node_modules/jest/bin/jest.js')];
  const workers = `--maxWorkers=${Math.max(2, Math.floor(availableParallelism() / 2))}`;
  await run(process.execPath, [...jest, workers, ...process.argv.slice(2)], {
    cwd: root,
    env: { ...process.env, CHROMIUM_PATH },
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
