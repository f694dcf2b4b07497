import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Config } from '../../config.js';

const require = createRequire(import.meta.url);
const CODEX = require.resolve('@openai/codex/bin/codex.js');
const TIMEOUT_MS = 20_000;

/** The arguments with which node runs a command in Codex's own sandbox. @param settings each `key=<TOML value>` */
export const sandboxArguments = (settings: string[], command: string[]): string[] => [
  CODEX,
  'sandbox',
  ...['sandbox_mode="workspace-write"', ...settings].flatMap((setting) => ['--config', setting]),
  '--',
  ...command,
];

/** Runs `true` in Codex's own sandbox, with a CODEX_HOME where those of the threads will be. */
export async function sandboxWorks({ WORKSPACES_ROOT }: Config): Promise<boolean> {
  await mkdir(WORKSPACES_ROOT, { recursive: true });
  const folder = await mkdtemp(join(WORKSPACES_ROOT, '.sandbox-probe-'));
  try {
    const options = { cwd: folder, timeout: TIMEOUT_MS, env: probeEnvironment(folder) };
    await promisify(execFile)(process.execPath, sandboxArguments([], ['true']), options);
    return true;
  } catch {
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** As for a turn: with a temporary folder of its own, since Codex refuses a home below the temporary folder. */
const probeEnvironment = (folder: string): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: folder,
  CODEX_HOME: folder,
  TMPDIR: join(folder, 'tmp'),
});
