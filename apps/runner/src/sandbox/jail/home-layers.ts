import { execFile } from 'node:child_process';
import { lstat, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';
import { Network } from '@saas-codex/contracts/network';
import { readJson } from '@saas-codex/contracts/open-reading';
import { HOMES, WORKSPACE } from '@saas-codex/contracts/workspace-layout';
import { z } from 'zod';
import { replaceFile } from '../../threads/atomic-file.js';
import type { ThreadPaths } from '../../threads/workspace-path.js';
import { SYSTEM_FOLDERS } from './bubblewrap-arguments.js';
import { RUN_VARIABLE } from './jail.js';

/*
 * What a session keeps outside of its repository, in two layers. Each run sees one of them as its HOME:
 *
 *     homes/setup/ ──► setup scripts. What they install stays for the next one.
 *          │ copied when it is needed
 *          ▼
 *     homes/agent/ ──► agents. What they change stays for the next run, but never reaches a setup script.
 *     homes/agent.json   which network the agents had that wrote there; without it, the copy is not used any more
 *     homes/agent.copied an empty file, as old as the copy: the backend shows a person what has changed since
 *
 * Agents get a new copy after each setup run, and when their network is not the one that the copy was written with: what
 * was planted without a network is never started with one. Without a network everything may be started. A network that asks stays the
 * same with one host more: a person has allowed it for these agents.
 *
 * The copy is made by `cp` in a jail of its own, since both folders hold whatever scripts and agents have put there. It is
 * a copy and not an overlay mount, which a container or an older bubblewrap does not allow.
 */

export type HomeLayer = 'setup' | 'agent';

const AgentHome = z.object({ network: Network });
type AgentHome = z.infer<typeof AgentHome>;

/** It reads and removes what an agent has locked, as root of a user namespace. */
const COPY_JAIL = ['--unshare-all', '--unshare-user', '--die-with-parent', '--new-session', '--uid', '0']
  .concat(['--cap-drop', 'ALL', '--cap-add', 'CAP_DAC_OVERRIDE', '--cap-add', 'CAP_FOWNER', '--clearenv'])
  // cp changes the permissions of folders by way of /proc.
  .concat(['--setenv', 'PATH', '/usr/bin:/bin', '--proc', '/proc'])
  .concat(SYSTEM_FOLDERS.flatMap((folder) => ['--ro-bind-try', folder, folder]));
/** Copies the files that match $1 into a new layer of agents. */
const COPY = [
  `rm -rf /homes/${HOMES.agent} && mkdir -m 700 /homes/${HOMES.agent} || exit 1`,
  `for file in $1; do [ ! -e "$file" ] && [ ! -L "$file" ] || cp -a -- "$file" /homes/${HOMES.agent}/ || exit 1; done`,
].join('; ');
const ALL_FILES = '/from/* /from/.[!.]* /from/..?*';
/** Until there were layers, HOME was CODEX_HOME. What installers had put there is in hidden files; the others are Codex's. */
const HIDDEN_FILES = '/from/.[!.]*';

/** The folder of both layers. Runs do not see it. */
export const homesOf = (repo: string): string => join(dirname(repo), WORKSPACE.homes);

interface HomeRequest {
  bwrap: string;
  runId: string;
  paths: ThreadPaths;
  layer: HomeLayer;
  network: Network;
}

/**
 * Makes the HOME of a run ready. Not to be called for two runs of a session at once.
 * @returns its folder
 * @throws Error when the copy fails, or is killed like every process of its run
 */
export async function prepareHome({ bwrap, runId, paths, layer, network }: HomeRequest): Promise<string> {
  const homes = homesOf(paths.repo);
  const setup = join(homes, HOMES.setup);
  const record = join(homes, HOMES.record);
  const copied = join(homes, HOMES.copied);
  const isNew = (await mkdir(setup, { recursive: true, mode: 0o700 })) !== undefined;
  if (layer === 'setup') {
    await rm(record, { force: true });
    return setup;
  }
  const known = await readRecord(record);
  if (known === null || !mayStart(known, network)) {
    await rm(record, { force: true });
    const from = isNew ? paths.codexHome : setup;
    const mounts = ['--bind', homes, '/homes', '--ro-bind', from, '/from'];
    const command = ['/bin/sh', '-c', COPY, 'copy', isNew ? HIDDEN_FILES : ALL_FILES];
    await promisify(execFile)(bwrap, [...COPY_JAIL, ...mounts, ...command], {
      env: { [RUN_VARIABLE]: runId },
    });
    await rm(copied, { force: true });
    await writeFile(copied, '', { mode: 0o600 });
  }
  await replaceFile(record, JSON.stringify({ network } satisfies AgentHome), { flush: true });
  return join(homes, HOMES.agent);
}

/** Whether agents with this network may start what was left in the copy. */
function mayStart(known: AgentHome, network: Network): boolean {
  if (network.mode === 'off' || isDeepStrictEqual(known.network, network)) return true;
  return network.mode === 'ask' && known.network.mode === 'ask';
}

/** Names the HOME that the session's agents have now: another one after they got a new copy. null: the next run gets one. */
export async function agentHome({ repo }: ThreadPaths): Promise<string | null> {
  const homes = homesOf(repo);
  const [record, home] = await Promise.all(
    [HOMES.record, HOMES.agent].map((name) => lstat(join(homes, name)).catch(() => null)),
  );
  return record && home ? `${home.ino} ${home.birthtimeMs}` : null;
}

/** null: there is none, or it cannot be read, and the agents get a new copy. */
async function readRecord(path: string): Promise<AgentHome | null> {
  return readJson(AgentHome, await readFile(path, 'utf8').catch(() => ''));
}
