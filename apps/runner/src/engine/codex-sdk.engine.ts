import { Injectable } from '@nestjs/common';
import { Codex, type ThreadEvent } from '@openai/codex-sdk';
import { allSettled } from '@saas-codex/service-kit/all-settled';
import { Jail } from '../sandbox/jail/jail.js';
import { ModelProxy } from '../model-proxy/model-proxy.service.js';
import { prepareCodexHome, untrustedProject } from '../threads/codex-home.js';
import { codexEnvironment, TOKEN_VARIABLE } from './codex-environment.js';
import { Engine, type PromptTurn } from './engine.js';
import { CodexOutput, guardChildren } from './sdk-child-guard.js';

guardChildren();

/** Drives Codex through @openai/codex-sdk: one `codex exec` process per turn. */
@Injectable()
export class CodexSdkEngine extends Engine<PromptTurn> {
  constructor(
    private readonly jail: Jail,
    private readonly modelProxy: ModelProxy,
  ) {
    super();
  }

  async *run(turn: PromptTurn): AsyncGenerator<ThreadEvent> {
    const { thread, access, runId, network, authority } = turn;
    const { paths } = thread;
    const environment = codexEnvironment(paths.codexHome, access.token);
    const [launch] = await allSettled([
      this.jail.launch({ runId, paths, environment, network, authority }),
      prepareCodexHome(paths.codexHome),
    ]);
    const codex = new Codex({
      ...(launch.program !== undefined && { codexPathOverride: launch.program }),
      env: launch.environment,
      configOverrides: [...this.turnSettings(turn), ...launch.configOverrides],
    });
    const options = {
      workingDirectory: thread.paths.repo,
      skipGitRepoCheck: thread.skipGitRepoCheck,
      sandboxMode: launch.sandboxMode,
      ...(turn.model !== null && { model: turn.model }),
    };
    const conversation =
      thread.codexThreadId === null
        ? codex.startThread(options)
        : codex.resumeThread(thread.codexThreadId, options);
    yield* streamUntilDone(turn.signal, async (signal) => {
      const { events } = await conversation.runStreamed(turn.prompt, { signal });
      return events;
    });
  }

  /** What codex-config.toml cannot say, since it differs per turn. */
  private turnSettings({ access, thread, network }: PromptTurn): string[] {
    return [
      `model_providers.saas.base_url=${JSON.stringify(access.baseUrl)}`,
      ...(access.token === null ? [] : [`model_providers.saas.env_key="${TOKEN_VARIABLE}"`]),
      untrustedProject(thread.paths.repo),
      // It is OpenAI's server that searches, out of the session's network; other servers do not know it.
      ...(this.modelProxy.source === 'openai' && network.mode === 'on' ? [] : ['web_search="disabled"']),
    ];
  }
}

/**
 * Gives the SDK a signal that stays silent once its events have ended: it stops listening to its child process then, and
 * an abort would be an uncaught error event.
 */
async function* streamUntilDone<T>(
  signal: AbortSignal,
  start: (signal: AbortSignal) => Promise<AsyncGenerator<T>>,
): AsyncGenerator<T> {
  const inner = new AbortController();
  const abort = () => inner.abort();
  signal.throwIfAborted();
  signal.addEventListener('abort', abort);
  try {
    yield* bounded(await start(inner.signal));
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** The SDK starts Codex when it is asked for its first event, and gives one for each line that Codex has printed. */
async function* bounded<T>(events: AsyncGenerator<T>): AsyncGenerator<T> {
  const output = new CodexOutput();
  try {
    for (;;) {
      const next = await output.during(() => events.next());
      if (next.done) break;
      output.lineTaken();
      yield next.value;
    }
  } catch (error) {
    throw output.problem ?? error;
  } finally {
    await events.return(undefined);
  }
  if (output.problem) throw output.problem;
}
