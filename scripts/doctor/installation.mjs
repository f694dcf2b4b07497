import { buildState } from '../lib/build.mjs';
import { readSettings } from '../lib/settings.mjs';
import { checkDisk, checkFolders, checkGit, checkPorts } from './machine.mjs';
import { checkIsolation } from './isolation.mjs';
import { checkModel, checkServices, healthOf } from './services.mjs';
import { checkPostgres, checkRedis } from './stores.mjs';
import { check, fail, ok, redact, warn } from './report.mjs';
import { sensitiveValues } from './sensitive-values.mjs';
import { storesOf } from './store-addresses.mjs';

/**
 * @param {string} root the project's folder
 * @returns {Promise<import('./report.mjs').Finding[]>} in the order in which to fix them
 */
export async function examineInstallation(root) {
  let settings;
  try {
    settings = readSettings(root);
  } catch (error) {
    const sentences = error instanceof Error ? error.message.replaceAll('\n', ' ') : '';
    return [fail('settings', `${sentences} Change .env; docs/configuration.md explains every setting.`)];
  }
  const health = await healthOf(settings);
  const stores = storesOf(settings);
  const findings = [
    await check('build', async () => checkBuild(root)),
    await check('git', checkGit),
    await check('folders', async () => checkFolders(settings)),
    await check('disk', async () => checkDisk(settings)),
    await check('ports', () => checkPorts(settings, health)),
    await check('isolation', () => checkIsolation(root, settings, health.runner)),
    await check('PostgreSQL', () => checkPostgres(root, stores.postgres)),
    await check('Redis', () => checkRedis(stores.redis)),
    await check('services', async () => checkServices(health)),
    await check('model', () => checkModel(settings)),
  ];
  const secrets = sensitiveValues({
    ...settings,
    DATABASE_URL: stores.postgres.url,
    REDIS_URL: stores.redis.url,
  });
  return [ok('settings', 'are valid.'), ...findings.flat()].map((finding) => redact(finding, secrets));
}

/** @param {string} root */
function checkBuild(root) {
  const state = buildState(root);
  if (state === 'current') return ok('build', 'is up to date.');
  const sentence = state === 'missing' ? 'is not complete' : 'is older than the code';
  return warn('build', `${sentence}. "npm start" builds what is missing.`);
}
