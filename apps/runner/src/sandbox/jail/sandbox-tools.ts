import { realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { ConfigError } from '@saas-codex/service-kit/config';
import type { Config } from '../../config.js';
import { HOME, PROJECT } from './bubblewrap-arguments.js';

/* SANDBOX_TOOLS: the operator's folders with programs for agents. */

/** A jail has its own, or none. */
const RESERVED = ['/proc', '/dev', '/sys', '/run', '/tmp', '/etc', HOME];

/** @throws ConfigError when a folder does not exist, or would show more than programs */
export async function checkTools({ SANDBOX_TOOLS, WORKSPACES_ROOT }: Config): Promise<void> {
  for (const folder of SANDBOX_TOOLS) {
    const real = await realpath(folder).catch(() => null);
    if (real === null || !(await stat(real)).isDirectory())
      throw refused(folder, 'does not exist as a folder');
    for (const path of [folder, real]) {
      if (isWithin(path, PROJECT) || isWithin(PROJECT, path))
        throw refused(folder, 'contains this platform, or is part of it');
      if (isWithin(path, WORKSPACES_ROOT) || isWithin(WORKSPACES_ROOT, path))
        throw refused(folder, 'shares files with WORKSPACES_ROOT');
      if (isWithin(homedir(), path)) throw refused(folder, 'is a whole home folder');
      const reserved = RESERVED.find((one) => isWithin(path, one));
      if (reserved) throw refused(folder, `is in ${reserved}, which agents do not share with this machine`);
    }
  }
}

const isWithin = (path: string, folder: string) => `${path}/`.startsWith(folder === '/' ? '/' : `${folder}/`);

const refused = (folder: string, problem: string) =>
  new ConfigError(`SANDBOX_TOOLS names ${folder}, which ${problem}. Name folders of programs only.`);
