import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { requireFreePorts } from '../lib/ports.mjs';
import { capture } from '../lib/run.mjs';
import { findProgram } from '../lib/system-packages.mjs';
import { fail, ok, warn } from './report.mjs';

/** @typedef {import('../lib/settings.mjs').Settings} Settings */

const GIT_AT_LEAST = [2, 34];
const GB = 1_000_000_000;
const LEAST_GB = 2;
const COMFORTABLE_GB = 10;
/** Files that only their owner may read. */
const PRIVATE = ['secrets.json', 'secrets-key', 'owner-token'];

export async function checkGit() {
  if (!findProgram(['git'])) return fail('git', 'is not installed. Install it.');
  const version = /\d+\.\d+(\.\d+)?/.exec(await capture('git', ['--version']))?.[0] ?? '0.0';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = GIT_AT_LEAST;
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor)
    ? fail('git', `${version} is too old. Install ${GIT_AT_LEAST.join('.')} or newer.`)
    : ok('git', `${version}.`);
}

/** @param {Settings} settings @returns {import('./report.mjs').Finding[]} */
export function checkFolders({ DATA_DIR, WORKSPACES_ROOT }) {
  const writable = [
    ['DATA_DIR', DATA_DIR],
    ['WORKSPACES_ROOT', WORKSPACES_ROOT],
  ].map(([name = '', folder = '']) =>
    isWritable(nearest(folder))
      ? ok(name, `${folder} is writable.`)
      : fail(name, `${folder} is not writable. Give it to the user who runs the services, or set ${name}.`),
  );
  const open = ['', ...PRIVATE].map((name) => join(DATA_DIR, name)).filter(isOpen);
  const secrets =
    open.length === 0
      ? ok('secrets', 'only their owner can read them.')
      : fail('secrets', `others can read ${open.join(', ')}. Run: chmod go-rwx ${open.join(' ')}`);
  return [...writable, secrets];
}

/** @param {Settings} settings */
export function checkDisk({ WORKSPACES_ROOT }) {
  const folder = nearest(WORKSPACES_ROOT);
  const { bavail, bsize } = statfsSync(folder);
  const free = (bavail * bsize) / GB;
  const sentence = `${free.toFixed(1)} GB are free for the workspaces`;
  if (free < LEAST_GB)
    return fail(
      'disk',
      `${sentence}. Free some space: clones, events and databases need at least ${LEAST_GB} GB.`,
    );
  if (free < COMFORTABLE_GB)
    return warn('disk', `${sentence}. Free some space soon, or lower RETENTION_IDLE_DAYS.`);
  return ok('disk', `${sentence}.`);
}

/**
 * @param {Settings} settings
 * @param {import('./services.mjs').HealthByService} health
 */
export async function checkPorts(settings, health) {
  /** @type {[string, number, boolean][]} setting, port, whether our own service answers there */
  const ports = [
    ['GATEWAY_PORT', settings.GATEWAY_PORT, health.gateway !== null],
    ['BACKEND_PORT', settings.BACKEND_PORT, health.backend !== null],
    ['RUNNER_PORT', settings.RUNNER_PORT, health.runner !== null],
  ];
  const running = Object.values(health).some((answer) => answer !== null);
  // The checks of the stores find out by password whether the stores are ours.
  if (!settings.DATABASE_URL) ports.push(['POSTGRES_PORT', settings.POSTGRES_PORT, running]);
  if (!settings.REDIS_URL) ports.push(['REDIS_PORT', settings.REDIS_PORT, running]);
  const findings = await Promise.all(
    ports.map(async ([setting, port, ours]) => {
      if (ours) return ok('ports', `${port} is used by this installation (${setting}).`);
      return requireFreePorts([{ name: setting, port, setting }]).then(
        () => ok('ports', `${port} is free (${setting}).`),
        () =>
          fail(
            'ports',
            `${port} is taken. Stop the program that uses it, or set ${setting} to another port.`,
          ),
      );
    }),
  );
  return findings;
}

/** @param {string} folder @returns {string} itself, or its first parent that exists */
const nearest = (folder) => (existsSync(folder) ? folder : nearest(dirname(folder)));

/** @param {string} folder */
function isWritable(folder) {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @param {string} path */
function isOpen(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && (found.mode & 0o077) !== 0;
}
