import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { mkdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { escapeProbes, LIMITS, SECRET, type Targets } from '@saas-codex/testing/runner/escape-probes';
import type { RunnerProcess } from '@saas-codex/testing/runner/runner-process';
import { dataOf, RunnerWorld } from '@saas-codex/testing/runner/runner-world';

const SOURCE = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const NAMES = Object.keys(
  escapeProbes({
    other: '',
    mirror: '',
    own: '',
    ownerToken: '',
    port: 0,
    socket: '',
    abstract: '',
    pid: 0,
    home: '',
    source: '',
  }),
);
/** Codex waits at most 10 s for a command, so the probes in the jail run in parts. */
const PARTS = [0, 1, 2, 3];
/** Runs the probes of a part, or all of them, and prints for each whether it got through. */
const RUN_PROBES = [
  'for probe in probes/*; do',
  `  [ -z "$1" ] || [ $((\${probe#probes/} % ${PARTS.length})) -eq "$1" ] || continue`,
  '  case "$(timeout 10 sh "$probe" 2>/dev/null </dev/null)" in *REACHED*) echo "$probe through";; *) echo "$probe held";; esac',
  'done',
].join('\n');

/** Once in the jail, through the product, with the network on; and once without it. */
describe('an agent in the jail', () => {
  let world: RunnerWorld;
  let runner: RunnerProcess;
  let servers: Server[];
  let bystander: ChildProcess;
  let jailed: string[];
  let free: string[];

  beforeAll(async () => {
    world = await RunnerWorld.create([
      {
        name: 'probe',
        steps: [
          ...PARTS.map((part) => ({ do: 'command' as const, cmd: `sh run-probes ${part}` })),
          { do: 'message', text: 'Done.' },
        ],
      },
    ]);
    runner = await world.startRunner({ ISOLATION: 'bubblewrap', ...LIMITS });
    const targets = await createTargets();
    const threadId = await world.createThread(runner);
    const own = world.folder(threadId);
    await mkdir(join(own, 'history.git'));
    await writeFile(join(own, 'history.git/config'), SECRET);
    await mkdir(join(own, 'history.git/objects/info'), { recursive: true });
    await writeFile(join(own, 'history.git/objects/info/alternates'), `${join(targets.mirror, 'objects')}\n`);
    await writeProbes(join(own, 'repo'), { ...targets, own });

    const events = await world.ended(await world.startRun(runner, threadId, 'Try', { mode: 'on' }));
    const commands = dataOf(events, 'item.completed').filter(({ item }) => item.type === 'command_execution');
    jailed = commands.flatMap(({ item }) => String(item['aggregated_output']).trim().split('\n'));
    free = (await outside('sh', ['run-probes'], join(own, 'repo'))).trim().split('\n');
  });

  afterAll(async () => {
    bystander.kill();
    for (const server of servers) server.close();
    await world.destroy();
  });

  it.each(NAMES.map((name, index) => [name, index] as const))('cannot: %s', (_, index) => {
    expect(jailed).toContain(`probes/${index} held`);
  });

  it('can read the objects that its clone borrows', () => {
    expect(jailed).toContain('lent');
  });

  it.each(NAMES.map((name, index) => [name, index] as const))('could without the jail: %s', (_, index) => {
    expect(free).toContain(`probes/${index} through`);
  });

  async function createTargets(): Promise<Omit<Targets, 'own'>> {
    const other = world.folder(await world.createThread(runner));
    await writeFile(join(other, 'repo/secret.txt'), SECRET);
    await writeFile(join(other, 'codex-home/secret.txt'), SECRET);
    await mkdir(join(other, 'homes/agent'), { recursive: true });
    await writeFile(join(other, 'homes/agent/secret.txt'), SECRET);
    await mkdir(join(other, 'spool'));
    await writeFile(join(other, 'spool/secret.log'), SECRET);
    const mirror = world.folder('.mirrors', 'local', 'a.git');
    await mkdir(join(mirror, 'objects'), { recursive: true });
    await writeFile(join(mirror, 'config'), SECRET);
    await writeFile(join(mirror, 'objects/lent'), 'lent');
    const ownerToken = join(world.root, 'owner-token');
    await writeFile(ownerToken, SECRET);
    const socket = join(world.root, 'service.sock');
    const abstract = `saas-codex-test-${process.pid}`;
    servers = [createHttpServer((_, res) => res.end(SECRET)), createServer(), createServer()];
    const [tcp, named, nameless] = servers as [Server, Server, Server];
    tcp.listen(0, '127.0.0.1');
    named.listen(socket);
    nameless.listen(`\0${abstract}`);
    await Promise.all(servers.map((server) => once(server, 'listening')));
    bystander = spawn('sleep', ['1000'], {
      env: { SECRET },
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    const port = (tcp.address() as AddressInfo).port;
    return {
      other,
      mirror,
      ownerToken,
      port,
      socket,
      abstract,
      pid: bystander.pid ?? 0,
      home: dirname(world.root),
      source: SOURCE,
    };
  }
});

async function writeProbes(repo: string, targets: Targets): Promise<void> {
  await mkdir(join(repo, 'probes'));
  const commands = Object.values(escapeProbes(targets));
  await Promise.all(commands.map((command, index) => writeFile(join(repo, 'probes', `${index}`), command)));
  await writeFile(join(repo, 'run-probes'), `${RUN_PROBES}\ncat ${targets.mirror}/objects/lent`);
}

function outside(program: string, args: string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) =>
    execFile(
      program,
      args,
      { cwd, env: { ...process.env, HOME: join(cwd, '../codex-home') } },
      (error, stdout) => (error ? reject(error) : resolve(stdout)),
    ),
  );
}
