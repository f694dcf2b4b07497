import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, onceFor } from './fingerprint.mjs';
import { capture } from './run.mjs';

const LIBS = ['libs/contracts', 'libs/service-kit', 'libs/event-log'];
/** In build order, each with the libraries that it is built from. */
const PROJECTS = [
  { name: 'contracts', folder: 'libs/contracts', uses: [] },
  { name: 'service-kit', folder: 'libs/service-kit', uses: ['libs/contracts'] },
  { name: 'event-log', folder: 'libs/event-log', uses: ['libs/contracts', 'libs/service-kit'] },
  { name: 'client', folder: 'libs/client', uses: [] },
  { name: 'scripted-model', folder: 'libs/scripted-model', uses: ['libs/contracts', 'libs/service-kit'] },
  { name: 'gateway', folder: 'apps/gateway', uses: LIBS },
  { name: 'backend', folder: 'apps/backend', uses: LIBS },
  { name: 'runner', folder: 'apps/runner', uses: [...LIBS, 'libs/scripted-model'] },
  { name: 'web', folder: 'apps/web', uses: ['libs/contracts'] },
];

/** Everything that runs on Node: all but the web app. */
export const NODE_PROJECTS = PROJECTS.map(({ name }) => name).filter((name) => name !== 'web');

/** The files of a project that its build depends on. */
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

/** What every build depends on. */
const SHARED = ['tsconfig.base.json', 'tsconfig.build.json', 'package-lock.json'];

/** @typedef {typeof PROJECTS[number]} Project */

/** @param {string} root @param {Project} project */
const stampOf = (root, { folder }) => join(root, folder, 'dist/.built-for');

/** @param {string} root @param {Project} project */
function fingerprintOf(root, { folder, uses }) {
  const inputs = [folder, ...uses].flatMap((part) => SOURCES.map((source) => join(part, source)));
  return fingerprint([...inputs, ...SHARED].map((input) => join(root, input)));
}

/**
 * @param {string} root the project's folder
 * @param {string} [name] of a project; all of them by default
 * @returns {'current' | 'stale' | 'missing'} the worst state among them
 */
export function buildState(root, name) {
  const projects = PROJECTS.filter((project) => name === undefined || project.name === name);
  if (projects.some((project) => !existsSync(stampOf(root, project)))) return 'missing';
  const isCurrent = (/** @type {Project} */ project) =>
    readFileSync(stampOf(root, project), 'utf8') === fingerprintOf(root, project);
  return projects.every(isCurrent) ? 'current' : 'stale';
}

/**
 * Builds the projects whose sources have changed since their last build, each as soon as those that it uses are built.
 * @param {string} root the project's folder
 * @param {{ only?: string[] }} [options] names of projects
 */
export async function build(root, { only } = {}) {
  /** @type {Map<string, Promise<void>>} by folder */
  const builds = new Map();
  for (const project of PROJECTS) {
    if (only && !only.includes(project.name)) continue;
    const used = project.uses.flatMap((folder) => builds.get(folder) ?? []);
    builds.set(
      project.folder,
      Promise.all(used).then(() => buildProject(root, project)),
    );
  }
  await Promise.all(builds.values());
}

/** @param {string} root @param {Project} project */
function buildProject(root, project) {
  const { name, folder } = project;
  return onceFor(stampOf(root, project), fingerprintOf(root, project), async () => {
    console.log(`Building ${name} …`);
    rmSync(join(root, folder, 'dist'), { recursive: true, force: true });
    const bin = join(root, 'node_modules/.bin');
    // Vite takes the shell's NODE_ENV, and with any other it builds React for development: half as large again.
    const env = { ...process.env, NODE_ENV: 'production' };
    if (name === 'web')
      await capture(join(bin, 'vite'), ['build', '--logLevel', 'warn'], { cwd: join(root, folder), env });
    else await capture(join(bin, 'nest'), ['build', name], { cwd: root });
  });
}
