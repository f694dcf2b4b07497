import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/*
 * The contents of a jail. Its root is empty and read-only; what is not listed here does not exist in it.
 *
 *     /usr /bin /lib … /etc (some)     the system's programs, read-only; and the operator's (SANDBOX_TOOLS)
 *     /run/jail                        Codex, the relay (socat), the way to the runner's proxies, the prompt's images; read-only
 *     <workspace>/repo, codex-home     writable, at their own paths, which Codex's memory contains; except config.toml.
 *                                      Setup scripts do not see codex-home
 *     /home/agent                      HOME, writable; a layer of the session (home-layers.ts)
 *     <mirror>/objects                 read-only: objects that the clone borrows
 *     <workspace>/history.git/objects  read-only, and only while the work tree is restored: no agent runs then
 *     /tmp /dev/shm                    in memory, for this run only
 *     /dev /proc                       minimal, with this run's processes only
 */

export interface JailContents {
  /** File of the script to run instead of Codex; null: Codex. */
  script: string | null;
  /** That of the run; null: this is a probe. */
  socket: string | null;
  /** The program that relays bytes between the jail's loopback and the run's socket. */
  socat: string;
  /** Files of the prompt's images. */
  images?: readonly string[];
  /** File of the authorities that commands trust; null: the system's own. */
  certificates: string | null;
  repo: string;
  /** null: this runs a script, which has nothing to do with Codex's memory. */
  codexHome: string | null;
  /** The folder that appears as HOME. */
  home: string;
  /** Further folders of programs. */
  tools: string[];
  /** Object folders that the clone borrows from. */
  borrowed: string[];
  /** Further folders of the session, for upkeep. */
  readable?: readonly string[];
  environment: Record<string, string>;
}

const require = createRequire(import.meta.url);
/** The same relative path from `src` and from `dist`. */
const OURS = fileURLToPath(new URL('../../../jail', import.meta.url));
/** The folder of the platform's own programs. */
export const PROJECT = resolve(OURS, '../../..');
export const LAUNCHER = join(OURS, 'launch.sh');
/** Runs the script that it is given, in a jail and without one. */
export const SCRIPT_RUNNER = join(OURS, 'script.sh');
/** Starts Codex with the repository's instructions, in a jail and without one. */
export const CODEX_STARTER = join(OURS, 'codex.sh');

export const SYSTEM_FOLDERS = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];
/** Only what programs need to run, to be found and to trust certificates. */
const SYSTEM_SETTINGS = [
  'alternatives',
  'ca-certificates',
  'crypto-policies',
  'java',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'localtime',
  'magic',
  'mime.types',
  'perl',
  'pki',
  'ssl',
].map((name) => join('/etc', name));
/** Where `certificates` appears in the jail. */
export const CERTIFICATES = '/run/jail/certificates.pem';
const OWN_SETTINGS = ['group', 'hosts', 'npmrc', 'nsswitch.conf', 'passwd', 'pip.conf', 'profile'];
/** As in etc/passwd. */
export const HOME = '/home/agent';
/** As in etc/passwd, from where Codex takes the shell of its commands. */
export const SHELL = '/bin/bash';
/** What a command finds in its environment besides what Codex or the run adds. */
const ENVIRONMENT = { HOME, SHELL, USER: 'agent', LOGNAME: 'agent', LANG: 'C.UTF-8', TMPDIR: '/tmp' };
const SYSTEM_PATH = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
  '/run/jail/codex/codex-path',
];
/** In memory, for each run separately. */
export const WRITABLE_IN_MEMORY = ['/tmp', '/dev/shm'];
/** Bytes that a run may keep in each of its folders in memory. */
const MEMORY_FOLDER = String(256 * 1024 * 1024);
/** As in etc/passwd. */
const AGENT = '1000';
/** `--unshare-all` alone would continue without a user namespace where none can be created. */
const CONFINEMENT = [
  '--unshare-all',
  '--unshare-user',
  '--die-with-parent',
  '--new-session',
  '--as-pid-1',
].concat(['--cap-drop', 'ALL', '--uid', AGENT, '--gid', AGENT, '--hostname', 'jail']);

const readOnly = (path: string, at = path) => ['--ro-bind', path, at];
const ifThere = (path: string) => ['--ro-bind-try', path, path];
const writable = (path: string) => ['--bind', path, path];
const inMemory = (path: string) => ['--size', MEMORY_FOLDER, '--tmpfs', path];

export const bubblewrapArguments = (contents: JailContents): string[] => [
  ...CONFINEMENT,
  ...SYSTEM_FOLDERS.flatMap(ifThere),
  ...SYSTEM_SETTINGS.flatMap(ifThere),
  ...OWN_SETTINGS.flatMap((name) => readOnly(join(OURS, 'etc', name), join('/etc', name))),
  // Hides the platform itself if it is installed below /usr.
  ...(SYSTEM_FOLDERS.some((folder) => PROJECT.startsWith(folder + sep)) ? ['--tmpfs', PROJECT] : []),
  '--proc',
  '/proc',
  '--dev',
  '/dev',
  ...WRITABLE_IN_MEMORY.flatMap(inMemory),
  ...readOnly(codexFolder(), '/run/jail/codex'),
  ...readOnly(contents.socat, '/run/jail/socat'),
  ...readOnly(join(OURS, 'start.sh'), '/run/jail/start.sh'),
  ...readOnly(SCRIPT_RUNNER, '/run/jail/script.sh'),
  ...readOnly(CODEX_STARTER, '/run/jail/codex.sh'),
  ...(contents.script === null ? [] : readOnly(contents.script, '/run/jail/setup.sh')),
  ...(contents.socket === null ? [] : readOnly(contents.socket, '/run/jail/run.sock')),
  ...(contents.images ?? []).flatMap((file, index) => readOnly(file, imageInJail(file, index))),
  ...(contents.certificates === null ? [] : readOnly(contents.certificates, CERTIFICATES)),
  // If the workspaces are below /tmp, nothing can be written next to the repository either.
  ...contents.tools.filter(isNoSystemFolder).flatMap((path) => readOnly(path)),
  '--bind',
  contents.home,
  HOME,
  ...inMemory(workspaces(contents)),
  ...[...contents.borrowed, ...(contents.readable ?? [])].flatMap((path) => readOnly(path)),
  ...writable(contents.repo),
  ...(contents.codexHome === null
    ? []
    : [...writable(contents.codexHome), ...ifThere(join(contents.codexHome, 'config.toml'))]),
  // Also /proc: its files belong to root, which the jail of a root runner is to the kernel.
  ...['/', '/dev', '/proc', workspaces(contents)].flatMap((path) => ['--remount-ro', path]),
  '--chdir',
  contents.repo,
  '--clearenv',
  ...Object.entries({
    ...contents.environment,
    ...ENVIRONMENT,
    PATH: [...toolPath(contents.tools), ...SYSTEM_PATH].join(':'),
  }).flatMap(([name, value]) => ['--setenv', name, value]),
];

/** Where an image of the prompt appears: not in the repository, so that no diff has it. */
export const imageInJail = (file: string, index: number): string =>
  `/run/jail/images/${index + 1}${extname(file)}`;

/** Where the programs of SANDBOX_TOOLS are looked for: the `bin` of a folder, or the folder itself. */
const toolPath = (tools: string[]): string[] =>
  tools.map((folder) => (existsSync(join(folder, 'bin')) ? join(folder, 'bin') : folder));

const isNoSystemFolder = (path: string) =>
  !SYSTEM_FOLDERS.some((folder) => `${path}/`.startsWith(`${folder}/`));

/** The folder of all workspaces. A jail only shows its own. */
const workspaces = ({ repo }: JailContents) => dirname(dirname(repo));

/** The folder of Codex's native program, `bin/codex`. The wrapper script would need another Node process. */
export function codexFolder(): string {
  const [architecture, triple] =
    process.arch === 'arm64' ? ['arm64', 'aarch64-unknown-linux-musl'] : ['x64', 'x86_64-unknown-linux-musl'];
  const fromCodex = createRequire(require.resolve('@openai/codex/package.json'));
  const manifest = fromCodex.resolve(`@openai/codex-linux-${architecture}/package.json`);
  return join(dirname(manifest), 'vendor', triple);
}
