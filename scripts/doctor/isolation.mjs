import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fail, ok, warn } from './report.mjs';

/**
 * How agents are isolated: as the running runner reports it, or else by the probe that a runner starts with.
 * @param {string} root the project's folder
 * @param {import('./machine.mjs').Settings} settings
 * @param {import('./services.mjs').Health | null} runner its health; null if it does not run
 */
export async function checkIsolation(root, settings, runner) {
  if (runner !== null) return toFinding(runner.isolation ?? '', runner.isolation_reason ?? '');
  const built = join(root, 'apps/runner/dist');
  if (!existsSync(join(built, 'main.js')))
    return warn(
      'isolation',
      'cannot be tested before the runner is built. Run "npm start", then this again.',
    );
  return probe(built, settings);
}

/** @param {string} built @param {import('./machine.mjs').Settings} settings */
async function probe(built, settings) {
  const load = (/** @type {string} */ file) => import(pathToFileURL(join(built, file)).href);
  /** @type {typeof import('../../apps/runner/src/sandbox/jail/choose-jail.js')} */
  const { chooseJail } = await load('choose-jail.js');
  /** @type {typeof import('../../apps/runner/src/config.js')} */
  const { Config } = await load('config.js');
  // Next to where agents will work: whether a jail can be built depends on the folder.
  const parent = existsSync(settings.WORKSPACES_ROOT) ? settings.WORKSPACES_ROOT : settings.DATA_DIR;
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  const folder = mkdtempSync(join(parent, '.doctor-'));
  const config = Config.parse({
    PORT: 0,
    REDIS_URL: 'redis://127.0.0.1',
    SERVICE_TOKEN: 'x'.repeat(32),
    BACKEND_URL: 'http://127.0.0.1',
    WORKSPACES_ROOT: folder,
    ISOLATION: settings.ISOLATION,
  });
  try {
    const jail = await chooseJail(config);
    await /** @type {{ onApplicationShutdown?: () => Promise<void> }} */ (jail).onApplicationShutdown?.();
    return toFinding(jail.isolation, jail.reason);
  } catch (error) {
    return fail('isolation', error instanceof Error ? error.message : 'does not work here.');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} isolation @param {string} reason */
function toFinding(isolation, reason) {
  if (isolation === 'bubblewrap') return ok('isolation', `a jail around each agent. ${reason}`);
  if (isolation === 'codex-sandbox')
    return warn(
      'isolation',
      `Codex's own sandbox, which lets agents read other files. ${reason} Install bubblewrap and socat, and allow user namespaces.`,
    );
  return warn('isolation', `none: agents can do whatever the runner can. ${reason} Unset ISOLATION.`);
}
