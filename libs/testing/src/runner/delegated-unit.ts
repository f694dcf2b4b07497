import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '../wait-for.js';

/*
 * A control group as systemd delegates it to a unit with Delegate= and DelegateSubgroup=, created by hand:
 *
 *     <cgroup v2>/saas-codex-test-….service/     the delegated base: runs have their groups here
 *         platform/                              the runner
 */
export class DelegatedUnit {
  readonly base: string;
  readonly subgroup: string;

  private constructor(root: string) {
    this.base = join(root, `saas-codex-test-${randomUUID()}.service`);
    this.subgroup = join(this.base, 'platform');
  }

  /** @throws Error unless this is root on Linux with cgroup v2 */
  static async make(): Promise<DelegatedUnit> {
    const mounts = await readFile('/proc/self/mountinfo', 'utf8');
    const root = /^\d+ \d+ \S+ \/ (\S+) .* - cgroup2 /m.exec(mounts)?.[1];
    if (!root) throw new Error('There is no cgroup v2 here.');
    const unit = new DelegatedUnit(root);
    await mkdir(unit.subgroup, { recursive: true });
    return unit;
  }

  groups = async (): Promise<string[]> =>
    (await readdir(this.base)).filter((name) => name.startsWith('saas-codex-'));

  /** Starts a process in its own group, which lives until it is killed. */
  async occupy(name: string): Promise<() => Promise<void>> {
    const group = join(this.base, name);
    await mkdir(group);
    const child = spawn('/bin/sh', ['-c', 'echo 0 >"$0/cgroup.procs" && exec sleep infinity', group]);
    await waitFor(async () => (await readFile(join(group, 'cgroup.procs'), 'utf8')) !== '');
    return async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    };
  }

  /** Removes the group. Call it when no process is in it any more. */
  async remove(): Promise<void> {
    for (const name of [...(await this.groups()), 'platform', '.']) {
      await waitFor(() => rmdir(join(this.base, name)).then(() => true));
    }
  }
}
