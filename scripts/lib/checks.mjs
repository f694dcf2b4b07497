import { constants, setPriority } from 'node:os';
import { resolve } from 'node:path';
import { install } from './install.mjs';
import { capture } from './run.mjs';

/** @typedef {{ name: string, program: string, args: string[] }} Check */

/** TypeScript's native compiler checks types in half the time. Nest's build needs the API of the other one, which has the same name. */
const TSC = '../typescript-native/bin/tsc';

/** @type {Record<'typecheck' | 'lint', Check[]>} */
export const CHECKS = {
  typecheck: [
    { name: 'types', program: TSC, args: ['--project', 'tsconfig.json'] },
    { name: 'types of the web app', program: TSC, args: ['--project', 'apps/web/tsconfig.json'] },
  ],
  lint: [
    { name: 'lint', program: 'oxlint', args: ['--type-aware', '--deny-warnings'] },
    { name: 'formatting', program: 'prettier', args: ['--check', '--log-level', 'warn', '.'] },
    {
      name: 'import directions and cycles',
      program: 'depcruise',
      args: ['--config', '.dependency-cruiser.cjs', 'apps', 'libs'],
    },
    { name: 'unused code', program: 'knip', args: ['--no-progress'] },
  ],
};

/**
 * Runs checks two at a time. A failing check shows its output, and the others still run.
 * @param {string} root the project's folder
 * @param {Check[]} checks
 * @param {{ inBackground?: boolean }} [options] inBackground: on what other programs leave of the processor
 * @returns {Promise<void>} rejects when a check has failed
 */
export async function runChecks(root, checks, { inBackground = false } = {}) {
  await install(root);
  const queue = [...checks];
  let failed = 0;
  const worker = async () => {
    for (let check = queue.shift(); check; check = queue.shift()) {
      const startedAt = performance.now();
      const seconds = () => ((performance.now() - startedAt) / 1000).toFixed(1);
      try {
        const program = resolve(root, 'node_modules/.bin', check.program);
        await capture(program, check.args, { cwd: root, onStart: inBackground ? lowerPriority : undefined });
        console.log(`ok    ${check.name} (${seconds()} s)`);
      } catch (error) {
        failed++;
        console.log(
          `FAIL  ${check.name} (${seconds()} s)\n${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
  };
  await Promise.all([worker(), worker()]);
  if (failed > 0) throw new Error(`${failed} of ${checks.length} checks failed.`);
}

/** @param {number} pid */
const lowerPriority = (pid) => setPriority(pid, constants.priority.PRIORITY_LOW);
