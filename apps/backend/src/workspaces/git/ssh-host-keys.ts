import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { RepoAddress } from '../addresses/address-checker.js';
import { MACHINE_INDEPENDENT } from './git-environment.js';

const execute = promisify(execFile);
const SCAN_SECONDS = 10;
const MAX_OUTPUT_BYTES = 64 * 1024;
const KEY = /^\S+ ([a-z0-9-]+(?:@openssh\.com)?) ([A-Za-z0-9+/=]+)$/;

/**
 * Asks an ssh host for its keys, at the network address that was checked.
 * @returns such as `ssh-ed25519 AAAA…`, sorted; empty: it does not answer
 */
export async function scanHostKeys({ port, pinnedTo }: RepoAddress): Promise<string[]> {
  const [address] = pinnedTo;
  if (address === undefined) return [];
  const args = ['-T', String(SCAN_SECONDS), '-p', String(port), '-t', 'ed25519,ecdsa,rsa', '--', address];
  const options = {
    env: { ...MACHINE_INDEPENDENT },
    timeout: 3 * SCAN_SECONDS * 1_000,
    maxBuffer: MAX_OUTPUT_BYTES,
  };
  const { stdout } = await execute('ssh-keyscan', args, options).catch(() => ({ stdout: '' }));
  const found = stdout.split('\n').flatMap((line) => {
    const [, type, key] = KEY.exec(line) ?? [];
    return type && key ? [`${type} ${key}`] : [];
  });
  return [...new Set(found)].toSorted();
}
