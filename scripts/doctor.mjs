// npm run doctor: looks at an installation and says what to mend, a line for each check. Changes nothing.
//
//     settings ─► machine: Node, git, disk, ports, secrets, jail
//             └─► stores: PostgreSQL, Redis, their clocks
//             └─► services: health, the model
//
// Exit code 1 when something keeps the product from working.
import { resolve } from 'node:path';
import { fail, print } from './doctor/report.mjs';

const root = resolve(import.meta.dirname, '..');

/** @returns {Promise<import('./doctor/report.mjs').Finding[]>} */
async function examine() {
  const { checkNode } = await import('./doctor/node-version.mjs');
  const node = checkNode(process.versions.node);
  if (node.level === 'fail') return [node];
  try {
    const { examineInstallation } = await import('./doctor/installation.mjs');
    return [node, ...(await examineInstallation(root))];
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error;
    return [node, fail('packages', 'The packages are not installed. Run "npm start" once, or "npm ci".')];
  }
}

const findings = await examine();
for (const finding of findings) print(finding);
process.exitCode = findings.some(({ level }) => level === 'fail') ? 1 : 0;
