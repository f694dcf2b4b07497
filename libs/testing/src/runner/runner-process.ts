import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../../../scripts/lib/ports.mjs';
import { waitFor } from '../wait-for.js';

const MAIN = fileURLToPath(new URL('../../../../apps/runner/dist/main.js', import.meta.url));
export const SERVICE_TOKEN = 'test-service-token-0123456789abcdef0123456789';

/** Runs that specs start at the runner are not metered, so they need no backend. Nothing listens on port 9 (discard). */
const NO_BACKEND = 'http://127.0.0.1:9';

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

/** A real runner process, controlled over HTTP and signals. */
export interface RunnerProcess {
  url: string;
  /** Its peak memory. */
  peakMegabytes(): Promise<number>;
  call(method: string, path: string, body?: unknown, token?: string): Promise<Answer>;
  /** Sends a signal that does not end it. */
  signal(signal: NodeJS.Signals): void;
  /** Ends it with SIGTERM or another signal and resolves when it has exited. */
  end(signal?: NodeJS.Signals): Promise<void>;
}

/** @param group the control group to start it in; that of this process by default */
export async function startRunnerProcess(
  settings: Record<string, string>,
  group?: string,
): Promise<RunnerProcess> {
  const port = settings['PORT'] ?? String(await freePort());
  const command = [process.execPath, MAIN];
  const entering = ['/bin/sh', '-c', 'echo 0 >"$0/cgroup.procs" && exec "$@"', group ?? ''];
  const [program = '', ...args] = group === undefined ? command : [...entering, ...command];
  const child = spawn(program, args, {
    env: {
      PATH: process.env['PATH'],
      LOG_LEVEL: 'warn',
      SERVICE_TOKEN,
      PORT: port,
      BACKEND_URL: NO_BACKEND,
      ...settings,
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  await waitFor(() => isUp(child, url), { what: 'the runner to be up' });
  const peakMegabytes = async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) / 1024;
  };
  return {
    url,
    peakMegabytes,
    call: (...args) => call(url, ...args),
    signal: (signal) => child.kill(signal),
    end: (signal) => end(child, signal),
  };
}

async function isUp(child: ChildProcess, url: string): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`the runner ended with ${child.exitCode}`);
  return (await fetch(new URL('health', url))).ok;
}

async function call(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  token = SERVICE_TOKEN,
): Promise<Answer> {
  const response = await fetch(new URL(path, url), {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: JSON.parse(text || '{}') as Record<string, unknown> };
}

async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}
