import { constants } from 'node:zlib';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { compression, defineAlgorithm } from 'vite-plugin-compression2';
import { defaultClientConditions, defineConfig, type ProxyOptions } from 'vite';

const gateway = process.env['GATEWAY_URL'] ?? 'http://127.0.0.1:9100';

/** `npm run dev` configures this server's address as the gateway's public one, so requests pass unchanged. */
const api: ProxyOptions = { target: gateway };

/** The gateway sends compressed files as they are. Quality 11 takes 20 times as long as 9 and saves 7 %. */
const BROTLI = defineAlgorithm('brotliCompress', { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } });

export default defineConfig({
  // The gateway sends these files as they are, next to the originals.
  plugins: [react(), tailwindcss(), compression({ algorithms: ['gzip', BROTLI], threshold: 1_024 })],
  // `@saas-codex/source` takes libs/contracts from its TypeScript, so that the web needs no build of it.
  resolve: { conditions: ['@saas-codex/source', ...defaultClientConditions] },
  server: { port: 5173, proxy: { '/api': api } },
  preview: { port: 4173, proxy: { '/api': api } },
  // The gateway's CSP has no `data:` for fonts and scripts: nothing is inlined.
  build: { target: 'es2023', assetsInlineLimit: 0, sourcemap: false },
});
