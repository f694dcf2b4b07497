import { spawn } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { capture } from '../../lib/run.mjs';
import { findProgram } from '../../lib/system-packages.mjs';
import { stopProcess } from '../../lib/processes.mjs';

/**
 * What the readers received since `begin`. `least` and `most` are events of one reading client, times are milliseconds,
 * `disorder` counts events that were repeated or out of order.
 * @typedef {{ clients: number, ready: number, failed: number, closed: number, events: number, least: number,
 *   most: number, disorder: number, bytes: number, p50: number, p99: number, ms: number }} Readings
 */

/**
 * Compiles the load client.
 * @param {string} folder where the program goes
 */
export async function compileLoad(folder) {
  const compiler = findProgram(['cc', 'gcc', 'clang']);
  if (!compiler)
    throw new Error(
      'Streams are measured by a C program, so that the readers cost little: install a C compiler (cc), or leave the questions about streams out.',
    );
  const source = join(import.meta.dirname, 'load.c');
  const program = join(folder, 'load');
  if (!existsSync(program) || statSync(program).mtimeMs < statSync(source).mtimeMs)
    await capture(compiler, ['-O2', '-D_GNU_SOURCE', '-o', program, source]);
  return program;
}

/**
 * Starts readers. Paths and headers go in through a file, since headers may be secret.
 * @param {string} program
 * @param {{ folder: string, port: number, clients: number, stalled?: number, paths: string[], headers?: string[] }} options
 */
export function startLoad(program, { folder, port, clients, stalled = 0, paths, headers = [] }) {
  const requests = join(folder, 'requests');
  writeFileSync(requests, [...headers, '', ...paths, ''].join('\n'), { mode: 0o600 });
  const args = ['127.0.0.1', port, clients, stalled, requests].map(String);
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  /** @param {string} command @returns {Promise<Readings>} */
  const ask = async (command) => {
    child.stdin.write(`${command}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error('The load client ended.');
    return JSON.parse(value);
  };
  return {
    /** Waits for every client's headers. Fails if a client is refused. */
    connected: async (timeoutMs = 60_000) => {
      const readings = await ask(`connected ${timeoutMs}`);
      if (readings.ready < clients)
        throw new Error(`Only ${readings.ready} of ${clients} clients got a stream on port ${port}.`);
      return readings;
    },
    begin: () => ask('begin'),
    /** @param {number} events of all clients @param {number} [timeoutMs] */
    await: (events, timeoutMs = 60_000) => ask(`await ${events} ${timeoutMs}`),
    stop: () => stopProcess(child, 'SIGTERM', 1_000),
  };
}
