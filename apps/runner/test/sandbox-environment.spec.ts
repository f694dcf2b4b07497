import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { RunnerProcess } from '@saas-codex/testing/runner/runner-process';
import { dataOf, RunnerWorld } from '@saas-codex/testing/runner/runner-world';
import { SetupScripts } from '@saas-codex/testing/runner/setup-scripts';
import type { NetworkInput } from '@saas-codex/contracts/network';

/** In the repository; each prompt runs it, as a command of its own. */
const COMMAND = 'command.txt';
const SCENARIOS = [
  {
    name: 'any',
    steps: [
      { do: 'command' as const, cmd: `eval "$(cat ${COMMAND})"` },
      { do: 'message' as const, text: 'Done.' },
    ],
  },
];

let world: RunnerWorld;
let runner: RunnerProcess;
let setups: SetupScripts;

beforeAll(async () => {
  world = await RunnerWorld.create(SCENARIOS);
  runner = await world.startRunner({ ISOLATION: 'bubblewrap' });
});
afterAll(() => world.destroy());

/** What a command of an agent prints. */
async function outputOfAgent(command: string, network?: NetworkInput): Promise<string> {
  await writeFile(world.folder(setups.threadId, 'repo', COMMAND), command);
  const events = await world.ended(await world.startRun(setups.runner, setups.threadId, 'Go', network));
  return String(dataOf(events, 'item.completed')[0]?.item['aggregated_output']);
}

/** A program that prints a text. */
const install = (path: string, text: string) =>
  `mkdir -p $(dirname ${path}); printf '#!/bin/sh\necho ${text}\n' > ${path}; chmod +x ${path}`;

describe('the environment in a jail', () => {
  beforeAll(async () => {
    setups = await SetupScripts.openSession(world, runner);
  });

  it('gives agents bash, as setup scripts have', async () => {
    const command = 'echo A=1 > e.sh; source ./e.sh; [[ -f e.sh ]] && echo $A {a,b}; cat <<< "$0 $SHELL"';
    expect(await outputOfAgent(command)).toBe('1 a b\n/bin/bash /bin/bash\n');
    expect(await setups.outputOfScript('source ./e.sh; echo $A $SHELL')).toBe('1 /bin/bash\n');
  });

  it('gives agents the variables of setup scripts', async () => {
    const list = 'env | cut -d= -f1 | sort; echo "$HOME $USER $LANG $TMPDIR"; echo "$PATH" | tr : "\\n"';
    const ofSetup = await setups.outputOfScript(list);
    const ofAgent = new Set((await outputOfAgent(list)).split('\n'));
    expect(ofSetup.split('\n').filter((line) => !ofAgent.has(line))).toEqual([]);
    expect(ofSetup).toContain(
      '/home/agent agent C.UTF-8 /tmp\n/home/agent/.local/bin\n/home/agent/bin\n/usr/local',
    );
  });

  it('gives agents what setup scripts put into each profile file', async () => {
    for (const name of ['bashrc', 'profile', 'bash_profile'])
      await setups.outputOfScript(
        `echo 'export FROM_${name}=${name}; fn_${name}() { echo fn; }' >> ~/.${name}`,
      );
    const print = 'echo $FROM_bashrc $FROM_profile $FROM_bash_profile; fn_bashrc';
    expect(await outputOfAgent(print)).toBe('bashrc profile bash_profile\nfn\n');
    expect(await setups.outputOfScript(print)).toBe('bashrc profile bash_profile\nfn\n');
  });

  it('names, of the folders of the workspaces, only those of its own session, by ids', async () => {
    const { threadId } = setups;
    // Field 4: where the mounted folder is in its file system. No unprivileged program can hide that.
    const mounted = (await outputOfAgent('cut -d" " -f4 /proc/self/mountinfo')).trim().split('\n');
    const workspaces = mounted.filter((path) => path.includes(basename(world.root)));
    const own = ['codex-home', 'codex-home/config.toml', 'homes/agent', 'repo'];
    expect(workspaces.map((path) => path.slice(path.indexOf(threadId))).toSorted()).toEqual(
      own.map((path) => `${threadId}/${path}`),
    );
  });

  it('lets setup scripts install packages of Python and npm for agents', async () => {
    const repo = world.folder(setups.threadId, 'repo');
    await mkdir(join(repo, 'npm'));
    const manifest = { name: 'of-npm', version: '1.0.0', bin: { 'of-npm': 'run.js' } };
    await writeFile(join(repo, 'npm/package.json'), JSON.stringify(manifest));
    await writeFile(join(repo, 'npm/run.js'), '#!/usr/bin/env node\nconsole.log("of npm")\n');
    await mkdir(join(repo, 'pip'));
    const metadata =
      'from setuptools import setup\nsetup(name="of_pip", version="1", py_modules=["of_pip"])\n';
    await writeFile(join(repo, 'pip/setup.py'), metadata);
    await writeFile(join(repo, 'pip/of_pip.py'), 'print("of pip")\n');
    await setups.outputOfScript(
      'npm install --global --offline ./npm\npython3 -m pip install --no-build-isolation ./pip',
    );
    expect(await outputOfAgent('of-npm; python3 -m of_pip')).toBe('of npm\nof pip\n');
  });
});

describe('the home folder in a jail', () => {
  const ON = { mode: 'on' } as const;

  beforeEach(async () => {
    setups = await SetupScripts.openSession(world, runner);
  });

  it('never hands to a setup script what an agent has left', async () => {
    await outputOfAgent(`${install('~/.local/bin/npm', 'planted')}; echo 'echo planted' > ~/.bashrc`);
    expect(await outputOfAgent('npm')).toBe('planted\nplanted\n');
    expect(await setups.outputOfScript('npm --version', ON)).not.toContain('planted');
    expect(await setups.outputOfScript('ls -A ~', ON)).toBe('');
  });

  it('starts again from the layer of the setup when the setup has run', async () => {
    await setups.outputOfScript(install('~/.local/bin/tool', 'tool'));
    await outputOfAgent(install('~/.local/bin/tool', 'planted'));
    expect(await outputOfAgent('tool')).toBe('planted\n');
    expect(await setups.outputOfScript('tool')).toBe('tool\n');
    expect(await outputOfAgent('tool')).toBe('tool\n');
  });

  it('keeps what agents install, until their network changes', async () => {
    await setups.outputOfScript(install('~/.local/bin/tool', 'tool'));
    await outputOfAgent(install('~/.local/bin/tool', 'installed'), ON);
    expect(await outputOfAgent('tool', ON)).toBe('installed\n');
    expect(await outputOfAgent('tool')).toBe('installed\n');
    expect(await outputOfAgent('tool', ON)).toBe('tool\n');
  });

  it('stays when a person has allowed one host more, and not when nobody is asked any more', async () => {
    const hosts = [{ host: 'example.org' }];
    await setups.outputOfScript(install('~/.local/bin/tool', 'tool'));
    await outputOfAgent(install('~/.local/bin/tool', 'installed'), { mode: 'ask' });
    expect(await outputOfAgent('tool', { mode: 'ask', hosts })).toBe('installed\n');
    expect(await outputOfAgent('tool', { mode: 'allow_list', hosts })).toBe('tool\n');
  });

  it('is copied as it is: links, locked folders, odd names', async () => {
    await setups.outputOfScript(
      'ln -s /etc/shadow ~/link; mkdir ~/locked; touch ~/locked/a "$HOME/..two" "$HOME/a b"; chmod 000 ~/locked',
    );
    const list =
      'readlink ~/link; chmod 700 ~/locked; ls -A ~ ~/locked | sort | tr "\\n" " "; chmod 000 ~/locked';
    expect(await outputOfAgent(list)).toContain('..two');
    expect(await outputOfAgent(list, ON)).toMatch(/^\/etc\/shadow\n.*a a b link locked/);
  });

  it('has what sessions had installed before there were layers', async () => {
    const old = world.folder(setups.threadId, 'codex-home');
    await mkdir(join(old, '.local/bin'), { recursive: true });
    await writeFile(join(old, '.local/bin/tool'), '#!/bin/sh\necho of before\n', { mode: 0o755 });
    expect(await outputOfAgent('tool; ls ~')).toBe('of before\n');
  });

  it('does not show Codex’s own memory to setup scripts', async () => {
    const memory = world.folder(setups.threadId, 'codex-home');
    expect(await readdir(memory)).toContain('config.toml');
    expect(await setups.outputOfScript(`ls ${memory} 2>/dev/null || echo none`)).toBe('none\n');
  });
});

describe('SANDBOX_TOOLS', () => {
  let tools: string;

  beforeAll(async () => {
    // Not below /tmp, where a home folder may be as well.
    tools = await mkdtemp('/var/tmp/saas-codex-tools-');
    await mkdir(join(tools, 'bin'));
    await writeFile(join(tools, 'bin/operators-tool'), '#!/bin/sh\necho found\n', { mode: 0o755 });
  });
  afterAll(() => rm(tools, { recursive: true }));

  it('are found by agents and setup scripts in a jail, which cannot change them', async () => {
    await runner.end();
    setups = await SetupScripts.startRunner(world, { ISOLATION: 'bubblewrap', SANDBOX_TOOLS: tools });
    const change = `touch ${tools}/bin/planted 2>/dev/null || echo refused`;
    expect(await setups.outputOfScript(`operators-tool; ${change}`)).toBe('found\nrefused\n');
    expect(await outputOfAgent(`operators-tool; ${change}`)).toBe('found\nrefused\n');
    await setups.runner.end();
  });
});
