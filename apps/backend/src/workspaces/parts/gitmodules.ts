import { cloneProblem } from '../clones/clone-problems.js';
import type { Git, GitCommand } from '../git/git.js';

/** A submodule, as a commit has it. */
export interface SubmoduleLink {
  /** Bytes in latin1. */
  path: string;
  commit: string;
}

/** Links after these are not looked at. */
const MAX_LINKS = 1_000;
const MAX_FILE_BYTES = 1024 * 1024;
/** A name of many bytes is printed again for each of its settings. */
const MAX_LIST_BYTES = 4 * MAX_FILE_BYTES;

const LINK = /^160000 commit ([0-9a-f]{40})\t([^]+)$/;
/** Mode, object and padded size of what is called `.gitmodules`. */
const FILE = /^(\d+) blob ([0-9a-f]{40}) +(\d+)\t/;
const REGULAR = /^100/;
const SETTING = /^submodule\.([^]*)\.(path|url)\n([^]*)$/;

/** Reads what a commit says about its submodules, from the mirror alone and never from a work tree. */
export class Gitmodules {
  constructor(
    private readonly git: Git,
    private readonly mirror: string,
    private readonly options: Pick<GitCommand, 'timeoutMs' | 'signal'>,
  ) {}

  /** @throws GitFailure */
  async linksOf(commit: string): Promise<SubmoduleLink[]> {
    const links: SubmoduleLink[] = [];
    let rest = '';
    await this.git.runCommand({
      ...this.inMirror(['ls-tree', '-r', '-z', '--full-tree', commit]),
      onStdout: (chunk) => {
        const lines = (rest + chunk.toString('latin1')).split('\0');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const [, oid, path] = LINK.exec(line) ?? [];
          if (oid && path && links.length < MAX_LINKS) links.push({ path, commit: oid });
        }
      },
    });
    return links;
  }

  /** The addresses that `.gitmodules` gives, by path. Both are any bytes, in latin1. @throws ProblemError, GitFailure */
  async addressesOf(commit: string): Promise<ReadonlyMap<string, string>> {
    const file = await this.git.readText(
      this.inMirror(['ls-tree', '-l', '-z', '--full-tree', commit, '--', '.gitmodules']),
    );
    const [, mode = '', oid = '', bytes] = FILE.exec(file) ?? [];
    if (!REGULAR.test(mode)) throw cloneProblem('clone_failed', 'The repository has no .gitmodules file.');
    if (Number(bytes) > MAX_FILE_BYTES)
      throw cloneProblem('clone_failed', 'Its .gitmodules file is too large.');
    // Without includes: those may name any file of this machine.
    const list = ['config', '--no-includes', `--blob=${oid}`, '-z', '--list'] as const;
    const { stdout } = await this.git
      .runCommand({ ...this.inMirror(list), maxOutputBytes: MAX_LIST_BYTES })
      .catch((error: unknown) => {
        if (this.options.signal?.aborted) throw error;
        throw cloneProblem('clone_failed', 'Its .gitmodules file cannot be read.');
      });
    return addressesByPath(stdout.toString('latin1').split('\0'));
  }

  private inMirror(args: GitCommand['args']): GitCommand {
    return { ...this.options, args, cwd: this.mirror, gitDir: this.mirror };
  }
}

function addressesByPath(settings: readonly string[]): Map<string, string> {
  const found = { path: new Map<string, string>(), url: new Map<string, string>() };
  for (const setting of settings) {
    const [, name = '', key, value = ''] = SETTING.exec(setting) ?? [];
    if (key === 'path' || key === 'url') found[key].set(name, value);
  }
  return new Map([...found.path].map(([name, path]) => [path, found.url.get(name) ?? '']));
}

const ADDRESS = /^([a-z]+:\/\/[^/]+)((?:\/[^/]+)*)$/;

/**
 * As git does it: an address that begins with `./` or `../` starts at the parent's.
 * @param parent normalised
 * @throws ProblemError clone_failed
 */
export function submoduleAddress(parent: string, address: string): string {
  const [, host = '', path = ''] = ADDRESS.exec(parent) ?? [];
  const folders = path.split('/');
  let rest = address;
  while (rest.startsWith('./') || rest.startsWith('../')) {
    if (rest.startsWith('../')) folders.pop();
    rest = rest.slice(rest.indexOf('/') + 1);
  }
  if (rest === address) return address;
  if (folders.length === 0)
    throw cloneProblem('clone_failed', 'Its relative address in .gitmodules leads out of its host.');
  return [host + folders.join('/'), rest].join('/').replace(/\/$/, '');
}
