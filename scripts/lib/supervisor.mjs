import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { hasEnded, stopProcess, waitUntil } from './processes.mjs';

const MAX_LOG_BYTES = 20 * 1024 * 1024;
const STEADY_AFTER_MS = 30_000;
/** How long a service may take to stop, unless its definition says otherwise. */
export const STOP_GRACE_MS = 15_000;

/**
 * @typedef {object} ServiceDefinition
 * @property {string} name
 * @property {string[]} command program and arguments
 * @property {NodeJS.ProcessEnv} env the whole environment: a service sees nothing else
 * @property {string} [cwd]
 * @property {string} [healthUrl]
 * @property {number} [stopGraceMs] how long it may take to stop after SIGTERM
 */

/**
 * Keeps one service alive: restarts it after growing pauses when it dies. The service has an IPC channel to this process
 * and ends by itself when the channel closes. Its output goes to a file.
 */
export class Service {
  #pauseMs = 500;
  #stopped = false;
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #child;
  /** @type {NodeJS.Timeout | undefined} */
  #restart;

  /** @param {ServiceDefinition} definition @param {string} logFolder */
  constructor(definition, logFolder) {
    this.definition = definition;
    mkdirSync(logFolder, { recursive: true, mode: 0o700 });
    this.logFile = join(logFolder, `${definition.name}.log`);
    if ((statSync(this.logFile, { throwIfNoEntry: false })?.size ?? 0) > MAX_LOG_BYTES) {
      renameSync(this.logFile, `${this.logFile}.1`);
    }
  }

  start() {
    const { name, command, env, cwd } = this.definition;
    const [program, ...args] = command;
    const startedAt = Date.now();
    const log = openSync(this.logFile, 'a', 0o600);
    const child = spawn(program ?? name, args, {
      env,
      cwd,
      stdio: ['ignore', log, log, 'ipc'],
      detached: true,
    });
    closeSync(log);
    this.#child = child;
    child.on('error', (error) => console.error(`${name}: ${error.message}`));
    child.once('exit', (code, signal) => {
      if (this.#stopped) return;
      if (Date.now() - startedAt > STEADY_AFTER_MS) this.#pauseMs = 500;
      console.error(
        `${name} ended (${signal ?? `exit code ${code}`}); restarting it in ${this.#pauseMs / 1000} s. Log: ${this.logFile}`,
      );
      this.#restart = setTimeout(() => this.start(), this.#pauseMs);
      this.#pauseMs = Math.min(this.#pauseMs * 2, 10_000);
    });
  }

  /** Waits until the service answers on its health address. A failure quotes the end of its log. */
  async healthy(timeoutMs = 60_000) {
    const { name, healthUrl } = this.definition;
    if (!healthUrl) return;
    const answers = () =>
      fetch(healthUrl, { signal: AbortSignal.timeout(2_000) }).then(
        (response) => response.ok,
        () => false,
      );
    const first = this.#child;
    await waitUntil(
      answers,
      first,
      () => `${name} does not start. The end of ${this.logFile}:\n${this.#logTail()}`,
      timeoutMs,
    );
  }

  async stop() {
    const { stopGraceMs = STOP_GRACE_MS } = this.definition;
    this.#stopped = true;
    clearTimeout(this.#restart);
    if (this.#child && !hasEnded(this.#child)) await stopProcess(this.#child, 'SIGTERM', stopGraceMs);
  }

  #logTail() {
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
  }
}

/**
 * Claims a folder for this process, so that two launchers never use it at once.
 * @param {string} dataDir
 */
export function claim(dataDir) {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'launcher.pid');
  const holder = statSync(file, { throwIfNoEntry: false }) && Number(readFileSync(file, 'utf8'));
  if (holder && holder !== process.pid && isLauncher(holder)) {
    throw new Error(
      `saas-codex already runs in ${dataDir} (pid ${holder}). Stop it, or set DATA_DIR to another folder.`,
    );
  }
  const descriptor = openSync(file, 'w', 0o600);
  writeSync(descriptor, `${process.pid}`);
  closeSync(descriptor);
}

/** @param {number} pid */
function isLauncher(pid) {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('start.mjs');
  } catch {
    return false;
  }
}
