import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Codex, type Thread, type ThreadEvent, type ThreadItem } from '@openai/codex-sdk';

const run = promisify(execFile);

interface PlayedTurn {
  events: ThreadEvent[];
  /** The completed items of the turn. */
  items: ThreadItem[];
  answer: string;
  /** The error that ended a failed turn. */
  error: string | undefined;
}

export interface CodexWorkspace {
  /** A git repository. */
  repo: string;
  git(...args: string[]): Promise<string>;
  /** Runs one turn of the real Codex. A `threadId` continues a thread in a new process. */
  prompt(
    text: string,
    options?: { threadId?: string; model?: string; signal?: AbortSignal },
  ): Promise<PlayedTurn>;
  threadId(): string;
  remove(): Promise<void>;
}

/**
 * The real Codex on its own repository, calling the model at `baseUrl`. Not below the temporary directory, where Codex does
 * not work as usual.
 */
export async function createCodexWorkspace(
  model: { baseUrl: string; token: string },
  files: Record<string, string> = {},
): Promise<CodexWorkspace> {
  const root = await mkdtemp(join(homedir(), '.saas-codex-test-'));
  const repo = join(root, 'repo');
  const codexHome = join(root, 'codex-home');
  await mkdir(codexHome);
  await createRepository(repo, files);
  const codex = new Codex({
    env: { PATH: process.env['PATH'] ?? '', HOME: root, CODEX_HOME: codexHome, MODEL_TOKEN: model.token },
    config: {
      model_provider: 'test',
      model_providers: {
        test: {
          name: 'test',
          base_url: model.baseUrl,
          wire_api: 'responses',
          env_key: 'MODEL_TOKEN',
          supports_websockets: false,
          request_max_retries: 1,
          stream_max_retries: 1,
        },
      },
      tools: { update_plan: { enabled: true } },
    },
  });
  let last: Thread | undefined;
  return {
    repo,
    git: async (...args) => (await run('git', ['-C', repo, ...args])).stdout.trim(),
    prompt: async (text, { threadId, model: modelName, signal } = {}) => {
      const options = {
        workingDirectory: repo,
        sandboxMode: 'danger-full-access',
        approvalPolicy: 'never',
        ...(modelName && { model: modelName }),
      } as const;
      last = threadId ? codex.resumeThread(threadId, options) : codex.startThread(options);
      return playTurn(last, text, signal);
    },
    threadId: () => last?.id ?? '',
    remove: () => rm(root, { recursive: true, force: true, maxRetries: 5 }),
  };
}

async function createRepository(repo: string, files: Record<string, string>): Promise<void> {
  await run('git', ['init', '-q', '-b', 'main', repo]);
  if (Object.keys(files).length === 0) return;
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(repo, path)), { recursive: true });
    await writeFile(join(repo, path), text);
  }
  const author = ['-c', 'user.name=Test', '-c', 'user.email=test@example.invalid'];
  await run('git', ['-C', repo, 'add', '-A']);
  await run('git', ['-C', repo, ...author, 'commit', '-qm', 'Begin']);
}

async function playTurn(thread: Thread, text: string, signal: AbortSignal | undefined): Promise<PlayedTurn> {
  const events: ThreadEvent[] = [];
  let error: string | undefined;
  try {
    const turn = await thread.runStreamed(text, signal ? { signal } : {});
    for await (const event of turn.events) events.push(event);
  } catch (thrown) {
    error = String(thrown);
  }
  const items = events.flatMap((event) => (event.type === 'item.completed' ? [event.item] : []));
  const failed = events.find((event) => event.type === 'turn.failed');
  const messages = items.flatMap((item) => (item.type === 'agent_message' ? [item.text] : []));
  return { events, items, answer: messages.at(-1) ?? '', error: failed?.error.message ?? error };
}
