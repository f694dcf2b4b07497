/** The whole product, started with `npm start` on its own data folder and ports. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { freePort, requireFreePorts } from '../../../scripts/lib/ports.mjs';
import { places, type Replicas } from '../../../scripts/lib/replicas.mjs';
import { readSecrets } from '../../../scripts/lib/secrets.mjs';
import { createPostgresFolder } from './postgres-template.js';

type Ports = Record<'GATEWAY_PORT' | 'BACKEND_PORT' | 'RUNNER_PORT' | 'POSTGRES_PORT' | 'REDIS_PORT', string>;

const ROOT = resolve(import.meta.dirname, '../../..');

export interface System {
  /** `http://localhost:<gateway port>` */
  url: string;
  /** A one-time sign-in link, new after every start. */
  link: string;
  dataDir: string;
  /** Calls the API as the owner. */
  api(path: string, init?: RequestInit): Promise<Response>;
  /** Kills the launcher and every service with SIGKILL, or asks the launcher to stop, and starts again. */
  restart(how: 'kill' | 'stop'): Promise<void>;
  /** The running processes of this system, by service: `backend`, `backend-2` … */
  pids(): Map<string, number>;
  stop(): Promise<void>;
}

interface Options extends Partial<Replicas> {
  /** The launcher makes its PostgreSQL itself, as on a new machine. By default it finds a prepared one. */
  isNew?: boolean;
}

export async function startSystem(
  environment: Record<string, string> = {},
  { runners = 1, backends = 1, isNew = false }: Options = {},
): Promise<System> {
  const data = join(ROOT, '.data');
  await mkdir(data, { recursive: true });
  const dataDir = await mkdtemp(join(data, 'test-'));
  if (!isNew) await preparePostgres(dataDir);
  const { ports, names } = await freePorts({ runners, backends });
  const url = `http://localhost:${ports.GATEWAY_PORT}`;
  // Without a grace, a runner with endless runs ends at once.
  const env = { ...inherited(), ...ports, DATA_DIR: dataDir, SHUTDOWN_GRACE_SECONDS: '0', ...environment };
  const args = ['--runners', `${runners}`, '--backends', `${backends}`];
  let { launcher, link } = await launch(env, args);

  const system: System = {
    url,
    get link() {
      return link;
    },
    dataDir,
    api: (path, init) => {
      const headers = new Headers(init?.headers);
      headers.set('authorization', `Bearer ${readFileSync(join(dataDir, 'owner-token'), 'utf8').trim()}`);
      if (init?.body) headers.set('content-type', 'application/json');
      return fetch(`${url}${path}`, { ...init, headers });
    },
    async restart(how) {
      if (how === 'stop') await end(launcher, 'SIGTERM');
      else {
        const services = [...system.pids().values()];
        await end(launcher, 'SIGKILL');
        for (const pid of services) killQuietly(pid);
      }
      ({ launcher, link } = await launch(env, args));
    },
    pids: () => processesOf(dataDir, names),
    async stop() {
      await end(launcher, 'SIGTERM');
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  return system;
}

async function preparePostgres(dataDir: string): Promise<void> {
  const secrets = readSecrets(dataDir);
  const postgresPassword = await createPostgresFolder(join(dataDir, 'postgres'));
  await writeFile(join(dataDir, 'secrets.json'), JSON.stringify({ ...secrets, postgresPassword }));
}

/** @returns a value for each port setting, and the service at each port */
async function freePorts(replicas: Replicas): Promise<{ ports: Ports; names: Map<string, string> }> {
  for (;;) {
    const [GATEWAY_PORT = 0, BACKEND_PORT = 0, RUNNER_PORT = 0, POSTGRES_PORT = 0, REDIS_PORT = 0] =
      await Promise.all(Array.from({ length: 5 }, freePort));
    const ports = { GATEWAY_PORT, BACKEND_PORT, RUNNER_PORT, POSTGRES_PORT, REDIS_PORT };
    try {
      const { gateway, backends, runners } = places(ports, replicas);
      const all = [gateway, ...backends, ...runners];
      await requireFreePorts(all);
      const texts = Object.entries(ports).map(([name, port]) => [name, `${port}`]);
      return {
        ports: Object.fromEntries(texts) as Ports,
        names: new Map(all.map(({ name, port }) => [`${port}`, name])),
      };
    } catch {
      // A replica's port is taken: try other ports.
    }
  }
}

/** The environment without our settings, so that those of a developer's shell do not leak in. */
function inherited(): Record<string, string> {
  const ours =
    /^(CODEX_|GIT_TRUSTED|DATABASE_URL|REDIS_URL|PUBLIC_URL|WORKSPACES_ROOT|NODE_OPTIONS|JEST_|TEST_POSTGRES_)/;
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined || ours.test(name) ? [] : [[name, value]],
    ),
  );
}

function launch(
  env: Record<string, string>,
  args: string[],
): Promise<{ launcher: ChildProcess; link: string }> {
  const launcher = spawn(process.execPath, ['scripts/start.mjs', ...args], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Promise((resolvePromise, reject) => {
    let output = '';
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const ready = /^ready (\S+)/m.exec(output);
      if (ready?.[1]) resolvePromise({ launcher, link: ready[1] });
    };
    launcher.stdout?.on('data', read);
    launcher.stderr?.on('data', read);
    launcher.once('exit', (code) => reject(new Error(`npm start ended (${code}):\n${output}`)));
  });
}

async function end(launcher: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (launcher.exitCode !== null || launcher.signalCode !== null) return;
  const ended = new Promise((resolvePromise) => launcher.once('exit', resolvePromise));
  launcher.kill(signal);
  await ended;
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has already ended with the launcher.
  }
}

/** Finds the processes of this system by one of its ports in their environment, or by its data folder. */
function processesOf(dataDir: string, names: Map<string, string>): Map<string, number> {
  const serviceOf = (pid: string): string | undefined => {
    const command = readQuietly(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
    if (command.includes(`/postgres -D ${dataDir}/`)) return 'postgres';
    if (!/apps\/(gateway|backend|runner)\/dist\/main\.js/.test(command)) return undefined;
    const port = /(?:^|\0)PORT=(\d+)/.exec(readQuietly(`/proc/${pid}/environ`))?.[1];
    return names.get(port ?? '');
  };
  const found = new Map<string, number>();
  for (const pid of readdirNumbers('/proc')) {
    const service = serviceOf(pid);
    // A child that has not started its own program yet looks like its parent.
    if (service && serviceOf(parentOf(pid)) !== service) found.set(service, Number(pid));
  }
  // The title of Redis is truncated, but it has a pid file.
  const redis = Number(readQuietly(join(dataDir, 'redis/redis.pid')));
  if (redis > 0 && readQuietly(`/proc/${redis}/cmdline`) !== '') found.set('redis', redis);
  return found;
}

const parentOf = (pid: string) => /^PPid:\s*(\d+)/m.exec(readQuietly(`/proc/${pid}/status`))?.[1] ?? '';
const readdirNumbers = (folder: string) => readdirSync(folder).filter((name) => /^\d+$/.test(name));

function readQuietly(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
