// npm run doctor: examines an installation and prints a line per check that says what to fix. Changes nothing.
//
//     settings ─► machine: Node, git, disk, ports, secrets, jail
//             └─► stores: PostgreSQL, Redis, their clocks
//             └─► services: health, the model
//
// The exit code is 1 when something keeps the product from working.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { checkNode } from './doctor/node-version.mjs';
import { fail, print } from './doctor/report.mjs';
import { build, buildState } from './lib/build.mjs';

const root = resolve(import.meta.dirname, '..');

/** @returns {Promise<import('./doctor/report.mjs').Finding[]>} */
async function examine() {
  const node = checkNode(process.versions.node);
  if (node.level === 'fail') return [node];
  const notInstalled = fail('packages', 'are not installed. Run "npm start" once, or "npm ci".');
  if (!existsSync(resolve(root, 'node_modules'))) return [node, notInstalled];
  try {
    // It declares the settings. Services that run from an older build keep it: only a missing one is built.
    if (buildState(root, 'contracts') === 'missing') await build(root, { only: ['contracts'] });
    const { examineInstallation } = await import('./doctor/installation.mjs');
    return [node, ...(await examineInstallation(root))];
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error;
    return [node, notInstalled];
  }
}

const findings = await examine();
for (const finding of findings) print(finding);
process.exitCode = findings.some(({ level }) => level === 'fail') ? 1 : 0;
