import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '@saas-codex/testing/wait-for';
import type { ScenarioInput } from '../src/scenario.js';
import { type ScriptedModel, startScriptedModel } from '../src/scripted-model.js';
import { type CodexWorkspace, createCodexWorkspace } from '@saas-codex/testing/runner/codex-workspace';

const message = (text: string) => ({ do: 'message', text }) as const;

const scenarios: ScenarioInput[] = [
  {
    name: 'work',
    match: 'work',
    steps: [
      { do: 'reasoning', text: 'First **this**, then that.' },
      { do: 'plan', items: [{ step: 'Look', status: 'in_progress' }] },
      { do: 'command', cmd: 'printf "from the command"; exit 3' },
      message('In between.'),
      { do: 'patch', patch: "*** Begin Patch\n*** Add File: it's.txt\n+$HOME `{{prompt}}`\n*** End Patch" },
      { do: 'command', cmd: 'cat *.txt' },
      { do: 'message', text: '', chunks: ['Print', 'ed: ', '{{output}}'] },
    ],
  },
  { name: 'memory', match: { regex: '^remember \\d' }, steps: [message('{{prompt_count}}:\n{{prompts}}')] },
  {
    name: 'status',
    match: 'status',
    steps: [{ do: 'error', status: 400, body: { error: { message: 'no' } } }],
  },
  { name: 'retry', match: 'retry', steps: [{ do: 'error', status: 500, times: 1 }, message('at last')] },
  {
    name: 'failure',
    match: 'failure',
    steps: [{ do: 'failure', code: 'insufficient_quota', message: 'no' }],
  },
  { name: 'drop', match: 'drop', steps: [{ do: 'drop', after: 'half an ans', times: 1 }, message('whole')] },
  { name: 'gate', match: 'gate', steps: [{ do: 'gate', name: 'go' }, message('through')] },
  { name: 'endless', match: 'endless', steps: [{ do: 'endless' }] },
  { name: 'huge', match: 'huge', steps: [{ do: 'huge', chars: 1_000_000 }] },
];

describe('the scripted model, with the real Codex', () => {
  let model: ScriptedModel;
  let workspace: CodexWorkspace;

  beforeAll(async () => {
    model = await startScriptedModel({ scenarios, apiKey: 'a-key' });
    workspace = await createCodexWorkspace({ baseUrl: model.baseUrl, token: 'a-key' });
  });
  afterAll(async () => {
    await workspace.remove();
    await model.close();
  });

  it('plays reasoning, plan, command, message and patch, and reads the output of commands', async () => {
    const turn = await workspace.prompt('work');

    expect(turn.error).toBeUndefined();
    expect(turn.items.map((item) => item.type)).toEqual([
      'reasoning',
      'command_execution',
      'agent_message',
      'file_change',
      'command_execution',
      'agent_message',
      'todo_list',
    ]);
    expect(turn.items[0]).toMatchObject({ text: 'First **this**, then that.' });
    expect(turn.items[1]).toMatchObject({ aggregated_output: 'from the command', exit_code: 3 });
    expect(turn.answer).toBe('Printed: $HOME `work`\n');
    expect(await readFile(join(workspace.repo, "it's.txt"), 'utf8')).toBe('$HOME `work`\n');
  });

  it('remembers the thread, even in a new process', async () => {
    await workspace.prompt('remember 1');
    const turn = await workspace.prompt('remember 2', { threadId: workspace.threadId() });
    expect(turn.answer).toBe('2:\n1. remember 1\n2. remember 2');
    expect(turn.events.at(-1)).toMatchObject({
      type: 'turn.completed',
      usage: { output_tokens: expect.any(Number) },
    });
  });

  it('simulates every kind of server failure', async () => {
    expect((await workspace.prompt('status')).error).toContain('"no"');
    expect((await workspace.prompt('failure')).error).toMatch(/quota/i);
    expect((await workspace.prompt('retry')).answer).toBe('at last');
    const dropped = await workspace.prompt('drop');
    expect([dropped.error, dropped.answer]).toEqual([undefined, 'whole']);
    expect((await workspace.prompt('unheard of')).answer).toBe('No scenario matches: unheard of');
  });

  it('waits at a gate, writes without end until Codex is stopped, and writes long messages', async () => {
    const turn = workspace.prompt('gate');
    await waitFor(() => model.requests.some(({ prompts }) => prompts.includes('gate')));
    await fetch(new URL('/gates/go', model.baseUrl), { method: 'POST' });
    expect((await turn).answer).toBe('through');

    const stop = new AbortController();
    const endless = workspace.prompt('endless', { signal: stop.signal });
    await waitFor(() => model.requests.some(({ prompts }) => prompts.includes('endless')));
    stop.abort();
    expect((await endless).answer).toBe('');

    expect((await workspace.prompt('huge')).answer.length).toBeGreaterThanOrEqual(1_000_000);
  });

  it('refuses a wrong key, an unknown path, a body that is not JSON, and an unknown step', async () => {
    const post = (path: string, body: string, key = 'a-key') =>
      fetch(`${model.baseUrl}${path}`, { method: 'POST', body, headers: { authorization: `Bearer ${key}` } });
    expect((await post('/responses', '{}', 'wrong')).status).toBe(401);
    expect((await post('/chat/completions', '{}')).status).toBe(404);
    expect((await post('/responses', 'no json')).status).toBe(400);
    await expect(
      startScriptedModel({ scenarios: [{ name: 'x', steps: [{ do: 'dance' } as never] }] }),
    ).rejects.toThrow();
  });
});
