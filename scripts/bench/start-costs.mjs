import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findProgram } from '../lib/system-packages.mjs';
import { comparison, median } from './medians.mjs';

const STARTS = 50;

/**
 * Start times: `true` in a minimal bwrap, and `codex --version` in the real jail.
 * @param {string} root the project's folder
 * @param {string} folder to work in
 */
export async function startCosts(root, folder) {
  const confinement = ['--unshare-all', '--die-with-parent', '--ro-bind', '/', '/', 'true'];
  const { codex, jail, contents } = await realJail(root, folder);
  try {
    const { program, environment } = await jail.prepare(randomUUID(), contents);
    return {
      'true, in a bare bwrap': comparison(start('true', []), start('bwrap', confinement)),
      'codex --version, in the real jail': comparison(
        start(codex, ['--version']),
        start(program, ['--version'], environment),
      ),
    };
  } finally {
    await jail.onApplicationShutdown();
  }
}

/** @param {string} command @param {string[]} args @param {Record<string, string>} [environment] */
function start(command, args, environment) {
  const env = environment ?? { PATH: process.env['PATH'] };
  const times = Array.from({ length: STARTS }, () => {
    const startedAt = performance.now();
    const { status } = spawnSync(command, args, { stdio: 'ignore', env });
    if (status !== 0) throw new Error(`${command} cannot be started here.`);
    return performance.now() - startedAt;
  });
  return median(times);
}

/** Codex itself, as the runner starts it. @param {string} root @param {string} folder */
export async function codexProgram(root, folder) {
  const { codex, jail } = await realJail(root, folder);
  await jail.onApplicationShutdown();
  return codex;
}

/** @param {string} root @param {string} folder */
async function realJail(root, folder) {
  const built = (/** @type {string} */ file) => pathToFileURL(join(root, 'apps/runner/dist', file)).href;
  /** @type {typeof import('../../apps/runner/src/sandbox/jail/bubblewrap.jail.js')} */
  const { BubblewrapJail } = await import(built('bubblewrap.jail.js'));
  /** @type {typeof import('../../apps/runner/src/sandbox/jail/bubblewrap-arguments.js')} */
  const { bubblewrapArguments } = await import(built('bubblewrap-arguments.js'));
  /** @type {typeof import('../../apps/runner/src/config.js')} */
  const { Config } = await import(built('config.js'));
  const config = Config.parse({
    PORT: 0,
    REDIS_URL: 'redis://127.0.0.1',
    SERVICE_TOKEN: randomUUID(),
    BACKEND_URL: 'http://127.0.0.1',
    WORKSPACES_ROOT: folder,
  });
  const inProbe = (/** @type {string} */ name) => join(folder, 'probe', name);
  const [repo, codexHome, home] = [inProbe('repo'), inProbe('codex-home'), inProbe('home')];
  for (const path of [repo, codexHome, home]) mkdirSync(path, { recursive: true });
  const contents = {
    script: null,
    socket: null,
    certificates: null,
    repo,
    codexHome,
    home,
    tools: [],
    borrowed: [],
    environment: {},
  };
  const programs = { bwrap: 'bwrap', socat: findProgram(['socat']) ?? 'socat' };
  const mounts = bubblewrapArguments({ ...contents, socat: programs.socat });
  const codexFolder = mounts[mounts.indexOf('/run/jail/codex') - 1] ?? '';
  const jail = new BubblewrapJail(programs, config, { groups: null, problem: 'none are measured' });
  return { codex: join(codexFolder, 'bin/codex'), jail, contents };
}
