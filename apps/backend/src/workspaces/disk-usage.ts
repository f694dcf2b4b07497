import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const TIMEOUT_MS = 10 * 60_000;

/**
 * What a folder takes on the disk, in bytes: `du`, with the lowest priority. It follows no link and reads no file; a folder
 * that an agent has locked against everybody is not counted (the runner's limit, which works in a jail, counts it).
 * @returns null when it could not be counted, as for one that is being removed
 */
export async function diskUsage(folder: string): Promise<number | null> {
  const options = { timeout: TIMEOUT_MS, env: { PATH: process.env['PATH'] }, encoding: 'utf8' } as const;
  // du complains by its status about folders that it may not read, and counts all others.
  const output = await promisify(execFile)('nice', ['-n', '19', 'du', '-sk', '--', folder], options).catch(
    (error: unknown) => error as { stdout?: string },
  );
  const kilobytes = Number.parseInt(output.stdout ?? '', 10);
  return Number.isSafeInteger(kilobytes) ? kilobytes * 1024 : null;
}
