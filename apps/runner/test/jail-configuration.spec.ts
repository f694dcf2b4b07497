import { readdir, writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startScriptedModel } from '@saas-codex/scripted-model/scripted-model';
import { createCodexWorkspace } from '@saas-codex/testing/runner/codex-workspace';
import { RunnerWorld } from '@saas-codex/testing/runner/runner-world';

const SCENARIOS = [{ name: 'any', steps: [{ do: 'message' as const, text: 'Done.' }] }];
/** Programs that the repository wants Codex to start. */
const CONFIG = `
[mcp_servers.planted]
command = "sh"
args = ["-c", "touch started-by-repository"]
`;
const MARKER = 'started-by-repository';

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
