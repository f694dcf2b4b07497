import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fingerprint, onceFor } from './fingerprint.mjs';

/*
 * Jest loads every package anew for every file of specs, and those of the backend are 3,000 files. So specs load the services'
 * packages from a bundle, which takes a third of the time. Without a bundle, Jest loads the packages themselves.
 */

const FOLDER = 'dist/spec-packages';
const INDEX = join(FOLDER, 'index.json');

/** @param {string} root @returns {Record<string, string>} for Jest: patterns of specifiers, and the files that they stand for */
export function specPackages(root) {
  if (!existsSync(join(root, INDEX))) return {};
  const specifiers = /** @type {string[]} */ (JSON.parse(readFileSync(join(root, INDEX), 'utf8')));
  return Object.fromEntries(
    specifiers.map((specifier) => [
      `^${specifier.replaceAll('.', '\\.')}$`,
      join(root, FOLDER, `${entryName(specifier)}.js`),
    ]),
  );
}

/** All files are in one folder. @param {string} specifier */
const entryName = (specifier) => specifier.replaceAll('/', '_');

/** The parts whose dependencies are bundled. */
const PARTS = [
  'libs/contracts',
  'libs/service-kit',
  'libs/event-log',
  'apps/gateway',
  'apps/runner',
  'apps/backend',
];
/** Jest and packages of the web app load them too, and not as ES modules. */
const LEFT_OUT = ['p-limit', 'eventsource-parser'];

const SOURCES = ['apps/gateway', 'apps/backend', 'apps/runner', 'libs', 'tests'];
/** The import of a package's values: its specifier, and the name of the package. */
const IMPORT = /^(?:import (?!type)|\} from ).*?'((@[^'/]+\/[^'/]+|[^'./@][^'/]*)[^']*)'/gm;

/** @param {string} root the project's folder */
export async function bundleSpecPackages(root) {
  const folder = join(root, FOLDER);
  const packages = importedPackages(root);
  const inputs = ['package-lock.json', 'scripts/lib/bundle.mjs', 'scripts/lib/spec-packages.mjs'];
  const wanted = `${[...packages.keys()].join()} ${fingerprint(inputs.map((input) => join(root, input)))}`;
  await onceFor(join(folder, '.built-for'), wanted, async () => {
    console.log('Bundling the packages for specs …');
    rmSync(folder, { recursive: true, force: true });
    const { bundleOptions } = await import('./bundle.mjs');
    const { rolldown } = await import('rolldown');
    const { output, plugins, ...input } = bundleOptions(root, folder, {});
    const bundled = await rolldown({
      ...input,
      input: Object.fromEntries(
        [...packages.keys()].map((specifier) => [entryName(specifier), ENTRY + specifier]),
      ),
      plugins: [packageEntries(root, packages), ...plugins],
    });
    await bundled.write(output);
    await bundled.close();
    writeFileSync(join(root, INDEX), JSON.stringify([...packages.keys()]));
  });
}

const ENTRY = 'spec-package:';

/**
 * An entry for each package. It names what it exports, which a bundle of a CommonJS package does not.
 * @param {string} root @param {Map<string, string>} packages
 * @returns {import('rolldown').Plugin}
 */
function packageEntries(root, packages) {
  const importerOf = (/** @type {string} */ specifier) =>
    join(root, packages.get(specifier) ?? '', 'package.json');
  return {
    name: 'package-entries',
    async resolveId(source, importer) {
      if (source.startsWith(ENTRY)) return source;
      if (!importer?.startsWith(ENTRY)) return null;
      return this.resolve(source, importerOf(source));
    },
    async load(id) {
      if (!id.startsWith(ENTRY)) return null;
      const specifier = id.slice(ENTRY.length);
      const resolved = await this.resolve(specifier, importerOf(specifier));
      const names = Object.keys(await import(pathToFileURL(resolved?.id ?? specifier).href));
      const exported = names.filter((name) => name !== 'module.exports');
      return [
        `import * as all from '${specifier}';`,
        // Some packages export names that are keywords.
        ...exported.map((name, index) => `const $${index} = all[${JSON.stringify(name)}];`),
        `export { ${exported.map((name, index) => `$${index} as ${name}`).join(', ')} };`,
      ].join('\n');
    },
  };
}

/** @param {string} root @returns {Map<string, string>} what is imported of packages, and a part that depends on the package */
function importedPackages(root) {
  /** @type {Map<string, string>} */
  const dependents = new Map();
  for (const part of PARTS) {
    const { dependencies } = JSON.parse(readFileSync(join(root, part, 'package.json'), 'utf8'));
    for (const name of Object.keys(dependencies)) dependents.set(name, part);
  }
  const imported = SOURCES.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.includes('node_modules'))
      .flatMap((file) => [...readFileSync(join(root, folder, file), 'utf8').matchAll(IMPORT)]),
  );
  const packages = new Map();
  for (const [, specifier = '', name = ''] of imported) {
    const part = dependents.get(name);
    if (part && !LEFT_OUT.includes(name) && !name.startsWith('@saas-codex/')) packages.set(specifier, part);
  }
  return packages;
}
