import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, onceFor } from './fingerprint.mjs';
import { run } from './run.mjs';

/**
 * Installs the packages if there are none or the lock file has changed. Needs nothing but Node.
 * @param {string} root the project's folder
 */
export async function install(root) {
  const modules = join(root, 'node_modules');
  const wanted = fingerprint([join(root, 'package-lock.json')]);
  await onceFor(join(modules, '.installed-for'), wanted, async () => {
    console.log(existsSync(modules) ? 'Updating packages …' : 'Installing packages …');
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    // Development packages build the project, also where NODE_ENV=production is set.
    // Not `npm ci`: it rejects a lock file that lacks optional binaries of other platforms, and some registries lack those.
    await run(
      npm,
      [
        'install',
        '--include=dev',
        '--no-save',
        '--no-audit',
        '--no-fund',
        '--no-update-notifier',
        '--loglevel=error',
      ],
      { cwd: root },
    );
  });
}
