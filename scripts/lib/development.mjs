import { join } from 'node:path';

export const DEV_WEB_PORT = 5173;

/**
 * Watch mode: `npm run build -- --watch` bundles each project, `node --watch` restarts its service, and Vite's dev server
 * serves the web app and proxies `/api` to the gateway.
 * @param {string} root
 * @param {import('./supervisor.mjs').ServiceDefinition[]} services
 * @param {{ GATEWAY_PORT: number }} settings
 * @returns {import('./supervisor.mjs').ServiceDefinition[]}
 */
export function developmentServices(root, services, settings) {
  const tools = { PATH: process.env.PATH, HOME: process.env.HOME };
  const bin = (/** @type {string} */ name) => join(root, 'node_modules/.bin', name);
  const builder = {
    name: 'build',
    command: [process.execPath, join(root, 'scripts/build.mjs'), '--watch'],
    env: tools,
    cwd: root,
  };
  const watched = services.map((service) => ({
    ...service,
    command: [
      service.command[0] ?? process.execPath,
      '--watch',
      '--watch-preserve-output',
      ...service.command.slice(1),
    ],
  }));
  const web = {
    name: 'web',
    command: [bin('vite'), '--port', `${DEV_WEB_PORT}`, '--strictPort'],
    env: { ...tools, GATEWAY_URL: `http://127.0.0.1:${settings.GATEWAY_PORT}` },
    cwd: join(root, 'apps/web'),
    healthUrl: `http://localhost:${DEV_WEB_PORT}/`,
  };
  return [builder, ...watched, web];
}
