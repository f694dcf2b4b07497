import { basename, join, relative, sep } from 'node:path';
import { rolldown, watch } from 'rolldown';

/**
 * Builds a Node project: each entry with everything that it imports, packages included, from the TypeScript sources. A
 * service starts from a few large files two to three times as fast as from thousands of small ones.
 *
 * @param {string} root the project's folder
 * @param {{ folder: string, entries: string[] }} project `entries` are files of `src`, without `.ts`
 */
export async function bundle(root, project) {
  const { output, ...input } = projectOptions(root, project);
  const bundled = await rolldown(input);
  await bundled.write(output);
  await bundled.close();
}

/**
 * Builds the projects again after every change of a source.
 * @param {string} root @param {{ folder: string, entries: string[] }[]} projects
 */
export const watchBundles = (root, projects) =>
  watch(projects.map((project) => projectOptions(root, project)));

/** @param {string} root @param {{ folder: string, entries: string[] }} project */
const projectOptions = (root, { folder, entries }) =>
  bundleOptions(
    root,
    join(root, folder, 'dist'),
    Object.fromEntries(entries.map((entry) => [basename(entry), join(root, folder, 'src', `${entry}.ts`)])),
  );

/** @param {string} root @param {string} target a folder @param {Record<string, string>} input files by the names of entries */
export function bundleOptions(root, target, input) {
  return {
    input,
    cwd: root,
    platform: /** @type {const} */ ('node'),
    tsconfig: join(root, 'tsconfig.base.json'),
    // CommonJS packages ask for theirs, which ES modules do not have.
    transform: { define: { __filename: 'import.meta.filename', __dirname: 'import.meta.dirname' } },
    resolve: { conditionNames: ['@saas-codex/source', 'node'] },
    // Packages ask for others that are optional (drivers of databases, for example). Absent ones are asked for at run time.
    external: [/\.node$/],
    logLevel: /** @type {const} */ ('silent'),
    // Nest and TypeORM register a class by running its module.
    treeshake: false,
    plugins: [ownAddresses(target)],
    output: {
      dir: target,
      format: /** @type {const} */ ('esm'),
      entryFileNames: '[name].js',
      // All files in one folder, from which `ownAddresses` counts.
      chunkFileNames: '[name]-[hash].js',
      // Nest, TypeORM and the migrations read the names of classes.
      keepNames: true,
      // 'reflect-metadata' comes first.
      strictExecutionOrder: true,
      sourcemap: true,
      sourcemapExcludeSources: true,
      minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
    },
  };
}

/**
 * Keeps `import.meta.url` the address of the source, as seen from the bundle: files beside a source are found there.
 * @param {string} target the bundle's folder
 * @returns {import('rolldown').Plugin}
 */
const ownAddresses = (target) => ({
  name: 'own-addresses',
  transform: {
    filter: { code: 'import.meta.url' },
    handler(code, id) {
      const path = relative(target, id).split(sep).join('/');
      return code.replaceAll('import.meta.url', `new URL(${JSON.stringify(path)}, import.meta.url).href`);
    },
  },
});
