import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, onceFor } from './fingerprint.mjs';
import { capture } from './run.mjs';

const LIBS = ['libs/contracts', 'libs/service-kit', 'libs/event-log'];
/** Every project with what it is built from besides its own folder, in an order that respects that. */
const PROJECTS = [
  { name: 'contracts', folder: 'libs/contracts', uses: [] },
  { name: 'service-kit', folder: 'libs/service-kit', uses: ['libs/contracts'] },
  { name: 'event-log', folder: 'libs/event-log', uses: ['libs/contracts', 'libs/service-kit'] },
  { name: 'scripted-model', folder: 'libs/scripted-model', uses: ['libs/contracts', 'libs/service-kit'] },
  { name: 'gateway', folder: 'apps/gateway', uses: LIBS },
  { name: 'backend', folder: 'apps/backend', uses: LIBS },
  { name: 'runner', folder: 'apps/runner', uses: [...LIBS, 'libs/scripted-model'] },
  { name: 'web', folder: 'apps/web', uses: ['libs/contracts'] },
];

/** All that runs on Node: everything but the web app. */
export const NODE_PROJECTS = PROJECTS.map(({ name }) => name).filter((name) => name !== 'web');

/** What a project is built from: everything of it but what was built. */
const SOURCES = [
  'src',
  'public',
  'package.json',
  'index.html',
  'vite.config.ts',
  'tsconfig.json',
  'tsconfig.app.json',
  'tsconfig.lib.json',
];

/**
 * Builds what has changed since its last build.
 * @param {string} root the project's folder
 * @param {{ only?: string[] }} [options] names of projects
 */
export async function build(root, { only } = {}) {
  for (const { name, folder, uses } of PROJECTS) {
    if (only && !only.includes(name)) continue;
    const inputs = [folder, ...uses].flatMap((part) => SOURCES.map((source) => join(root, part, source)));
    const wanted = fingerprint([
      ...inputs,
      join(root, 'tsconfig.base.json'),
      join(root, 'package-lock.json'),
    ]);
    const dist = join(root, folder, 'dist');
    await onceFor(join(dist, '.built-for'), wanted, async () => {
      console.log(`Building ${name} …`);
      if (existsSync(dist)) rmSync(dist, { recursive: true });
      const bin = join(root, 'node_modules/.bin');
      if (name === 'web')
        await capture(join(bin, 'vite'), ['build', '--logLevel', 'warn'], { cwd: join(root, folder) });
      else await capture(join(bin, 'nest'), ['build', name], { cwd: root });
    });
  }
}
