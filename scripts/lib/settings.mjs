import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { settingsOf } from '@saas-codex/contracts/setting-readers';
import { parseSettings } from '@saas-codex/contracts/setting-types';

/** @typedef {ReturnType<typeof readSettings>} Settings */

const PORTS = /** @type {const} */ ([
  'GATEWAY_PORT',
  'BACKEND_PORT',
  'RUNNER_PORT',
  'POSTGRES_PORT',
  'REDIS_PORT',
]);

/** Programs read these in lower case, too. */
const LOWER_CASE_TOO = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];

/**
 * The settings from the environment, then `.env`, then the defaults; folders become absolute.
 * @param {string} root the project's folder
 * @param {NodeJS.ProcessEnv} [environment]
 * @throws one Error with a sentence for every mistake
 */
export function readSettings(root, environment = process.env) {
  const file = resolve(root, '.env');
  const given = { ...(existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}), ...environment };
  for (const name of LOWER_CASE_TOO) given[name] ||= given[name.toLowerCase()];
  const workspaces = given['WORKSPACES_ROOT']?.trim() && resolve(root, given['WORKSPACES_ROOT']);
  const result = parseSettings(settingsOf('npm start'), { ...given, WORKSPACES_ROOT: workspaces });
  if ('mistakes' in result) throw new Error(result.mistakes.join('\n'));
  const { settings } = result;
  if (new Set(PORTS.map((name) => settings[name])).size < PORTS.length)
    throw new Error(`${PORTS.join(', ')} must differ.`);
  const dataDir = resolve(root, settings.DATA_DIR);
  return {
    ...settings,
    DATA_DIR: dataDir,
    WORKSPACES_ROOT: settings.WORKSPACES_ROOT ?? resolve(dataDir, 'workspaces'),
    PUBLIC_URL: settings.PUBLIC_URL ?? `http://localhost:${settings.GATEWAY_PORT}`,
  };
}
