import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ConfigError } from '@saas-codex/service-kit/config';
import type { Config } from '../../config.js';
import { SHELL } from './bubblewrap-arguments.js';
import { BubblewrapJail } from './bubblewrap.jail.js';
import { findRunGroups } from './cgroup/find-run-groups.js';
import { CodexSandboxJail } from './codex-sandbox.jail.js';
import type { Jail } from './jail.js';
import { codexSandboxWorks, probeJail } from './probe-isolation.js';
import { sweepRunFolders } from './run-folders.js';
import { checkTools } from './sandbox-tools.js';

/*
 * ISOLATION=auto:   bubblewrap if it works ──else──► Codex's own sandbox if it works ──else──► no start
 *           <name>: that one, or no start; `none` is never chosen automatically
 */

/** @throws ConfigError when the machine does not support what the settings ask for */
export async function chooseJail(config: Config): Promise<Jail> {
  const { ISOLATION } = config;
  await checkTools(config);
  if (ISOLATION === 'none') return new CodexSandboxJail('danger-full-access', 'ISOLATION=none asks for it.');
  if (ISOLATION === 'codex-sandbox') {
    if (await codexSandboxWorks(config))
      return new CodexSandboxJail('workspace-write', 'ISOLATION=codex-sandbox asks for it.');
    throw notSupported("Codex's own sandbox cannot run on this machine");
  }
  const { jail, problem } = await bubblewrap(config);
  if (problem === null) return jail;
  if (ISOLATION === 'bubblewrap') throw notSupported(problem);
  if (await codexSandboxWorks(config)) return new CodexSandboxJail('workspace-write', `${problem}.`);
  throw notSupported(`${problem}, and Codex's own sandbox cannot run either`);
}

type Bubblewrap = { jail: Jail; problem: null } | { jail: null; problem: string };

async function bubblewrap(config: Config): Promise<Bubblewrap> {
  if (process.platform !== 'linux') return { jail: null, problem: 'bubblewrap needs Linux' };
  const [bwrap, socat] = [onPath('bwrap'), onPath('socat')];
  if (!bwrap) return { jail: null, problem: 'bubblewrap (bwrap) is not installed' };
  if (!isProgram(SHELL))
    return { jail: null, problem: `bash (${SHELL}), which the jail needs, is not installed` };
  if (!socat) return { jail: null, problem: 'socat, which the jail needs, is not installed' };
  await sweepRunFolders();
  const jail = new BubblewrapJail({ bwrap, socat }, config, await findRunGroups());
  const problem = await probeJail(jail, config);
  if (problem === null) return { jail, problem };
  await jail.onApplicationShutdown();
  return { jail: null, problem };
}

const notSupported = (problem: string) =>
  new ConfigError(
    `${problem}. Install bubblewrap and socat, allow unprivileged user namespaces, or set ISOLATION=none to let agents work ` +
      'without isolation.',
  );

function onPath(program: string): string | undefined {
  const candidates = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, program));
  return candidates.find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
