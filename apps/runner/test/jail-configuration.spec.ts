import { readdir, writeFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { startScriptedModel } from '@saas-codex/scripted-model/scripted-model';
import { createCodexWorkspace } from '@saas-codex/testing/runner/codex-workspace';
import type { RunnerProcess } from '@saas-codex/testing/runner/runner-process';
import { dataOf, RunnerWorld } from '@saas-codex/testing/runner/runner-world';

const ANSWER = { do: 'message' as const, text: 'Done.' };
const SCENARIOS = [{ name: 'any', steps: [ANSWER] }];
/** Programs that the repository wants Codex to start. */
const CONFIG = `
[mcp_servers.planted]
command = "sh"
args = ["-c", "touch started-by-repository"]
`;
const MARKER = 'started-by-repository';

const REFUSABLE = 'rm -rf old && echo "removed it"';
const INSTRUCTED = [
  {
    name: 'remove',
    match: 'Remove',
    steps: [{ do: 'command' as const, cmd: REFUSABLE }, ANSWER],
  },
  ...SCENARIOS,
];
/** AGENTS.md of a repository, and what reaches the model of it. */
const INSTRUCTIONS = {
  'AGENTS.md': 'Written for everybody, and replaced.',
  'AGENTS.override.md': 'Use tabs.',
  'services/billing/AGENTS.md': 'Amounts are in cents.',
  'node_modules/x/AGENTS.md': 'From a package.',
};

describe.each(['bubblewrap', 'none'])(
  'Codex with the isolation %s, in a repository with instructions',
  (isolation) => {
    let world: RunnerWorld;
    let runner: RunnerProcess;
    let threadId: string;

    beforeAll(async () => {
      world = await RunnerWorld.create(INSTRUCTED);
      runner = await world.startRunner({ ISOLATION: isolation });
      threadId = await world.createThread(runner);
      const files = { ...INSTRUCTIONS, 'old/file': '', '.codex/config.toml': CONFIG };
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(world.folder(threadId, 'repo', path)), { recursive: true });
        await writeFile(world.folder(threadId, 'repo', path), text);
      }
    });
    afterAll(() => world.destroy());

    const lastInstructions = () =>
      world.model.requests.at(-1)?.context.findLast((text) => text.startsWith('# AGENTS.md instructions')) ??
      '';
    const run = async (prompt: string) => world.ended(await world.startRun(runner, threadId, prompt));

    it('tells the model what the repository’s AGENTS.md say, and starts none of its programs', async () => {
      await run('Go');
      const instructions = lastInstructions();
      expect(instructions).toContain('Use tabs.');
      expect(instructions).toContain('for files in services/billing ---\n\nAmounts are in cents.');
      expect(instructions).not.toMatch(/replaced|package/);
      expect(await readdir(world.folder(threadId, 'repo'))).not.toContain(MARKER);
    });

    it('reads them anew before each run, up to Codex’s own limit', async () => {
      const file = world.folder(threadId, 'repo', 'AGENTS.override.md');
      await writeFile(file, `Use spaces. ${'x'.repeat(40_000)}THE END`);
      await run('Go');
      const instructions = world.model.requests.at(-1)?.context.join('\n') ?? '';
      expect(instructions).toContain('Use spaces.');
      expect(instructions).not.toContain('THE END');
      await writeFile(file, 'Use tabs.');
    });

    it('tells the model truly what can be reached', async () => {
      await run('Go');
      const told = world.model.requests.at(-1)?.context.join('\n') ?? '';
      if (isolation === 'none') return expect(told).toContain('Network access is enabled.');
      expect(told).toContain('The network is off.');
      expect(told).not.toContain('Network access is enabled');
    });

    it('shows a command that Codex refuses, and does not refuse what a jail allows', async () => {
      const items = dataOf(await run('Remove'), 'item.completed').map(({ item }) => item);
      const command = items.filter(({ type }) => type === 'command_execution');
      expect(command).toMatchObject(
        isolation === 'none'
          ? [
              {
                status: 'declined',
                exit_code: null,
                aggregated_output: expect.stringContaining('not permitted'),
              },
            ]
          : [{ status: 'completed', exit_code: 0, aggregated_output: 'removed it\n' }],
      );
    });
  },
);

describe('Codex in a repository with its own Codex configuration', () => {
  it('starts none of its programs', async () => {
    const world = await RunnerWorld.create(SCENARIOS);
    try {
      const runner = await world.startRunner({ ISOLATION: 'bubblewrap' });
      const threadId = await world.createThread(runner);
      const repo = world.folder(threadId, 'repo');
      await mkdir(join(repo, '.codex'));
      await writeFile(join(repo, '.codex/config.toml'), CONFIG);
      const events = await world.ended(await world.startRun(runner, threadId, 'Go'));
      expect(events.at(-1)?.type).toBe('run.succeeded');
      expect(await readdir(repo)).not.toContain(MARKER);
    } finally {
      await world.destroy();
    }
  });

  it('would start them without the runner’s settings', async () => {
    const model = await startScriptedModel({ scenarios: SCENARIOS });
    const workspace = await createCodexWorkspace(
      { baseUrl: model.baseUrl, token: 'any' },
      { '.codex/config.toml': CONFIG },
    );
    try {
      await workspace.prompt('Go');
      expect(await readdir(workspace.repo)).toContain(MARKER);
    } finally {
      await workspace.remove();
      await model.close();
    }
  });
});
