// npm run test:faults [-- pattern]: the whole fault suite, tests/faults. FAULT_SEED=… replays a random history.
import { resolve } from 'node:path';
import { install } from './lib/install.mjs';

const root = resolve(import.meta.dirname, '..');
await install(root);
const { run } = await import('./lib/run.mjs');
const { requireProgram } = await import('./lib/system-packages.mjs');
const { wantBubblewrap } = await import('./lib/bubblewrap.mjs');
const { build, NODE_PROJECTS } = await import('./lib/build.mjs');

try {
  await requireProgram({ names: ['git'], debianPackage: 'git', purpose: 'git' });
  await requireProgram({
    names: ['redis-server', 'valkey-server'],
    debianPackage: 'redis-server',
    purpose: 'Redis',
  });
  await wantBubblewrap();
  await build(root, { only: NODE_PROJECTS });
  const jest = ['--experimental-vm-modules', '--no-warnings', resolve(root, 'node_modules/jest/bin/jest.js')];
  // One system at a time: its timing is its own then. The scripted model's endless answers keep Jest from ending by itself.
  const args = ['--runInBand', '--forceExit', '--verbose', ...process.argv.slice(2)];
  const only = process.argv.slice(2).some((arg) => !arg.startsWith('-')) ? [] : ['tests/faults'];
  await run(process.execPath, [...jest, ...args, ...only], {
    cwd: root,
    env: { ...process.env, FAULTS: 'all' },
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
