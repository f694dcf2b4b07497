import { readSettings } from '../lib/settings.mjs';
import { checkDisk, checkFolders, checkGit, checkPorts } from './machine.mjs';
import { checkIsolation } from './isolation.mjs';
import { checkModel, checkServices, healthOf } from './services.mjs';
import { checkPostgres, checkRedis } from './stores.mjs';
import { check, fail, ok } from './report.mjs';
import { storesOf } from './store-addresses.mjs';

/**
 * @param {string} root the project's folder
 * @returns {Promise<import('./report.mjs').Finding[]>} in the order in which they are to be mended
 */
export async function examineInstallation(root) {
  let settings;
  try {
    settings = readSettings(root);
  } catch (error) {
    const sentences = error instanceof Error ? error.message.replaceAll('\n', ' ') : '';
    return [fail('settings', `${sentences} Change .env; .env.example explains every line.`)];
  }
  const health = await healthOf(settings);
  const stores = storesOf(settings);
  const findings = [
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
  return [ok('settings', 'can be read.'), ...findings.flat()];
}
