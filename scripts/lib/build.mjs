import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, onceFor } from './fingerprint.mjs';
import { capture } from './run.mjs';

const LIBS = ['libs/contracts', 'libs/service-kit', 'libs/event-log'];
/** @param {string} folder @returns {string[]} its sources, without `.ts` */
const filesOf = (folder) =>
  readdirSync(join(import.meta.dirname, '../..', folder))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -'.ts'.length));

/**
 * What is built: Node projects as bundles of their entries (files of `src`), each with the other folders that it takes sources
 * from. The client is compiled for its types, and Vite builds the web app.
 * @type {{ name: string, folder: string, entries?: string[], uses: string[] }[]}
 */
const PROJECTS = [
  // The entries of libraries are what scripts import.
  { name: 'contracts', folder: 'libs/contracts', entries: filesOf('libs/contracts/src'), uses: [] },
  { name: 'event-log', folder: 'libs/event-log', entries: ['run-log/run-log.scripts'], uses: LIBS },
  { name: 'scripted-model', folder: 'libs/scripted-model', entries: ['main'], uses: LIBS },
  { name: 'client', folder: 'libs/client', uses: [] },
  { name: 'gateway', folder: 'apps/gateway', entries: ['main'], uses: LIBS },
  {
    name: 'backend',
    folder: 'apps/backend',
    entries: ['main', 'sign-in-link', 'rotate-secrets', 'archive/run-archive'],
    uses: LIBS,
  },
  {
    name: 'runner',
    folder: 'apps/runner',
    entries: [
      'main',
      'config',
      'sandbox/jail/choose-jail',
      // For scripts/bench/start-costs.mjs.
      'sandbox/jail/bubblewrap.jail',
      'sandbox/jail/bubblewrap-arguments',
    ],
    uses: [...LIBS, 'libs/scripted-model'],
  },
  { name: 'web', folder: 'apps/web', uses: ['libs/contracts'] },
];

/** Everything that runs on Node: all but the web app. */
export const NODE_PROJECTS = PROJECTS.map(({ name }) => name).filter((name) => name !== 'web');

/** The files of a project that its build depends on. */
const SOURCES = ['src', 'public', 'package.json', 'index.html', 'vite.config.ts', 'tsconfig.json'];

/** What every build depends on. */
const SHARED = ['tsconfig.base.json', 'package-lock.json', 'scripts/lib/bundle.mjs'];

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
 * Builds the projects whose sources have changed since their last build.
 * @param {string} root the project's folder
 * @param {{ only?: string[] }} [options] names of projects
 */
export async function build(root, { only } = {}) {
  const wanted = PROJECTS.filter(({ name }) => !only || only.includes(name));
  await Promise.all(wanted.map((project) => buildProject(root, project)));
}

/**
 * Builds the Node projects again after every change of a source.
 * @param {string} root
 */
export async function watchSources(root) {
  const { watchBundles } = await import('./bundle.mjs');
  watchBundles(
    root,
    PROJECTS.flatMap(({ folder, entries }) => (entries ? [{ folder, entries }] : [])),
  );
}

/** @param {string} root @param {Project} project */
function buildProject(root, project) {
  const { name, folder, entries } = project;
  return onceFor(stampOf(root, project), fingerprintOf(root, project), async () => {
    console.log(`Building ${name} …`);
    rmSync(join(root, folder, 'dist'), { recursive: true, force: true });
    const bin = join(root, 'node_modules/.bin');
    // Vite takes the shell's NODE_ENV, and with any other it builds React for development: half as large again.
    const env = { ...process.env, NODE_ENV: 'production' };
    if (name === 'web')
      await capture(join(bin, 'vite'), ['build', '--logLevel', 'warn'], { cwd: join(root, folder), env });
    else if (entries) await (await import('./bundle.mjs')).bundle(root, { folder, entries });
    else await capture(join(bin, 'tsc'), ['--project', join(folder, 'tsconfig.json')], { cwd: root });
  });
}
