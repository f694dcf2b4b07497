import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { constants } from 'node:zlib';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { compression, defineAlgorithm } from 'vite-plugin-compression2';
import { defaultClientConditions, defineConfig, type Plugin, type ProxyOptions } from 'vite';

const gateway = process.env['GATEWAY_URL'] ?? 'http://127.0.0.1:9100';

/** `npm run dev` configures this server's address as the gateway's public one, so requests pass unchanged. */
const api: ProxyOptions = { target: gateway };

const brotli = (quality: number) =>
  defineAlgorithm('brotliCompress', { params: { [constants.BROTLI_PARAM_QUALITY]: quality } });

/** Grammars of the syntax colouring: 8 MB in 300 files, of which a page loads those of the languages that it shows. */
const GRAMMARS = 'assets/grammars/';
const GRAMMAR = new RegExp(`${GRAMMARS}.*\\.js$`);

/**
 * Every zod schema refers to zod's generator of JSON Schema, 6 KB of what each page loads, and only the backend uses it.
 * What it exports is there, and fails when it is called.
 */
const withoutJsonSchema: Plugin = {
  name: 'without-json-schema',
  load(id) {
    if (!/\/zod\/v4\/core\/(?:json-schema-processors|to-json-schema)\.js$/.test(id)) return null;
    const exported = readFileSync(id, 'utf8').matchAll(/^export (?:const|function) (\w+)/gm);
    const names = Array.from(exported, ([, name = '']) =>
      name.startsWith('create') ? `create as ${name}` : `unavailable as ${name}`,
    );
    return `const unavailable = () => { throw new Error('The web app has no JSON Schema.'); };
      const create = () => unavailable;
      export { ${names.join(', ')} };`;
  },
};

const TEXT = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`$\\]*`/.source;
const DESCRIPTION = new RegExp(`\\s*\\.describe\\(\\s*(?:${TEXT})(?:\\s*\\+\\s*(?:${TEXT}))*,?\\s*\\)`, 'g');

/** Only the API's document says what fields of contracts mean. */
const withoutDescriptions: Plugin = {
  name: 'without-descriptions',
  enforce: 'pre',
  transform(code, id) {
    if (!/\/libs\/contracts\/src\/[\w-]+\.ts$/.test(id)) return null;
    return { code: code.replace(DESCRIPTION, ''), map: null };
  },
};

const PROBLEM = new RegExp(`\\{\\s*status: \\d+,\\s*title:\\s*(?:${TEXT}),?\\s*\\}`, 'g');

/** Each problem document brings its own title. */
const withoutProblemTitles: Plugin = {
  name: 'without-problem-titles',
  enforce: 'pre',
  transform(code, id) {
    if (!id.endsWith('/libs/contracts/src/problems.ts')) return null;
    return { code: code.replace(PROBLEM, '{}'), map: null };
  },
};

const VENDOR =
  /node_modules\/(?:react|react-dom|scheduler|use-sync-external-store|zod|@tanstack\/(?!react-virtual|virtual-core)[^/]+)\//;

export default defineConfig({
  plugins: [
    react(),
    tailwindcss(),
    withoutJsonSchema,
    withoutDescriptions,
    withoutProblemTitles,
    // The gateway sends these files as they are, next to the originals. Quality 11 takes 20 times as long as 9 and saves
    // 7 %, so only what most pages load gets it.
    compression({ algorithms: ['gzip', brotli(11)], threshold: 1_024, exclude: GRAMMAR }),
    compression({ algorithms: ['gzip', brotli(9)], threshold: 1_024, include: GRAMMAR }),
  ],
  // `@saas-codex/source` takes libs/contracts from its TypeScript, so that the web needs no build of it.
  resolve: {
    conditions: ['@saas-codex/source', ...defaultClientConditions],
    alias: {
      'decode-named-character-reference': fileURLToPath(
        import.meta.resolve('./src/entities/timeline/markdown/named-characters.ts'),
      ),
    },
  },
  worker: { format: 'es' },
  server: { port: 5173, proxy: { '/api': api } },
  preview: { port: 4173, proxy: { '/api': api } },
  // The gateway's CSP has no `data:` for fonts and scripts: nothing is inlined.
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    sourcemap: false,
    rolldownOptions: {
      output: {
        // What every page needs, in two files: it compresses better than in pieces. That of others stays cached over updates.
        codeSplitting: {
          groups: [
            { name: 'vendor', test: VENDOR, priority: 1 },
            { name: 'app', tags: ['$initial'] },
          ],
        },
        chunkFileNames: ({ moduleIds }) =>
          `${moduleIds.some((id) => id.includes('/@shikijs/')) ? GRAMMARS : 'assets/'}[name]-[hash].js`,
      },
    },
  },
});
