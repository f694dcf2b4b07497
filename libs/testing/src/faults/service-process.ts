import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '../wait-for.js';

const ROOT = resolve(import.meta.dirname, '../../../..');
const LOG_CHARS = 200_000;
const START_ATTEMPTS = 30;
const START_AGAIN_MS = 500;

export interface ServiceDefinition {
  name: 'gateway' | 'backend' | 'runner';
  port: number;
  env: Record<string, string>;
}

/** A built service, run as by `npm start` and the images, with the faults of a process. */
export class ServiceProcess {
  /** How often it was killed and ended by that signal. */
  kills = 0;
  /** The tail of its output. */
  log = '';
  private child: ChildProcess | null = null;

  constructor(private readonly definition: ServiceDefinition) {}

  get name(): string {
    return `${this.definition.name}:${this.definition.port}`;
  }

  get port(): number {
    return this.definition.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    const pid = this.child?.pid;
    if (pid === undefined) throw new Error(`${this.name} is not running`);
    return pid;
  }

  async start(): Promise<void> {
    const { name, port, env } = this.definition;
    const child = spawn(
      process.execPath,
      ['--enable-source-maps', join(ROOT, 'apps', name, 'dist/main.js')],
      {
        cwd: ROOT,
        env: { PATH: process.env.PATH, NODE_ENV: 'production', LOG_LEVEL: 'warn', PORT: `${port}`, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.child = child;
    const keep = (chunk: Buffer) => (this.log = (this.log + chunk.toString()).slice(-LOG_CHARS));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const settled = () => child.exitCode !== null || this.isUp();
    await waitFor(settled, { timeoutMs: 90_000, what: `${this.name} to be up` });
    if (child.exitCode !== null) throw new Error(`${this.name} ended with ${child.exitCode}:\n${this.log}`);
  }

  /** Like a process supervisor: restarts the service when it ends because a store is down. */
  async startUntilUp(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.start();
      } catch (error) {
        if (attempt === START_ATTEMPTS) throw error;
        await delay(START_AGAIN_MS);
      }
    }
  }

  /** False if it has ended and was not started again. */
  get isAlive(): boolean {
    return this.child !== null && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Sends SIGKILL. @throws Error if the service ended in another way */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
    this.kills++;
  }

  /** @returns the exit code, or the signal that ended it */
  async end(signal: NodeJS.Signals): Promise<number | string> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null)
      throw new Error(`${this.name} has already ended`);
    const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    child.kill(signal);
    const [code, by] = await exited;
    if (signal === 'SIGKILL' && by !== 'SIGKILL')
      throw new Error(`${this.name} was not killed, but ended with ${code}`);
    return code ?? by ?? '';
  }

  /** Sends SIGSTOP. Resolves when every thread is stopped. */
  async pause(): Promise<void> {
    process.kill(this.pid, 'SIGSTOP');
    await waitFor(async () => (await this.state()) === 'T', { what: `${this.name} to stop` });
  }

  async resume(): Promise<void> {
    process.kill(this.pid, 'SIGCONT');
    await waitFor(async () => (await this.state()) !== 'T', { what: `${this.name} to continue` });
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    process.kill(this.pid, 'SIGCONT');
    await this.end('SIGKILL');
  }

  private async isUp(): Promise<boolean> {
    return (await fetch(`${this.url}/health`)).ok;
  }

  private async state(): Promise<string> {
    const stat = await readFile(`/proc/${this.pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
  }
}
