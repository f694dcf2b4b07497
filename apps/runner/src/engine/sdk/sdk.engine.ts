import { Injectable } from '@nestjs/common';
import { Codex, type ThreadEvent } from '@openai/codex-sdk';
import { allSettled } from '@saas-codex/service-kit/all-settled';
import { ModelProxy } from '../../model-proxy/model-proxy.service.js';
import { Jail } from '../../sandbox/jail/jail.js';
import {
  codexEnvironment,
  prepareCodexHome,
  projectTrust,
  TOKEN_VARIABLE,
} from '../../threads/codex-home.js';
import { Engine, type EngineEvent, type PromptRun, type RunningTurn } from '../port/engine.js';
import { ONE_WAY, oneWayTurn } from '../port/one-way-turn.js';
import { limitChildOutput, OutputLimiter } from './output-limiter.js';
import { toEngineEvent } from './sdk-event.js';

limitChildOutput();

/** Drives Codex through @openai/codex-sdk: one `codex exec` process per turn, which reads the prompt and prints events. */
@Injectable()
export class SdkEngine extends Engine<PromptRun> {
  readonly capabilities = ONE_WAY;

  constructor(
    private readonly jail: Jail,
    private readonly modelProxy: ModelProxy,
  ) {
    super();
  }

  startTurn(run: PromptRun): RunningTurn {
    return oneWayTurn('sdk', (signal) => this.events(run, signal));
  }

  private async *events(run: PromptRun, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    const { thread, access, runId, network, authorities, trustRepository } = run;
    const secrets = run.secrets.environment;
    const { paths } = thread;
    const environment = codexEnvironment(paths.codexHome, access.token);
    const [launch] = await allSettled([
      this.jail.launch({ runId, paths, environment, network, authorities, trustRepository, secrets }),
      prepareCodexHome(paths.codexHome),
    ]);
    const codex = new Codex({
      codexPathOverride: launch.program,
      env: launch.environment,
      configOverrides: [...this.turnSettings(run), ...launch.configOverrides],
    });
    const options = {
      workingDirectory: paths.repo,
      skipGitRepoCheck: thread.skipGitRepoCheck,
      sandboxMode: launch.sandboxMode,
      ...(run.model !== null && { model: run.model }),
    };
    const conversation =
      thread.codexThreadId === null
        ? codex.startThread(options)
        : codex.resumeThread(thread.codexThreadId, options);
    const printed = abortableUntilDone(signal, async (inner) => {
      const { events } = await conversation.runStreamed(run.input.prompt, { signal: inner });
      return events;
    });
    for await (const event of printed) {
      const translated = toEngineEvent(event, paths.repo);
      if (translated !== null) yield translated;
    }
  }

  /** Settings that differ per turn, which codex-config.toml therefore cannot hold. */
  private turnSettings({ access, thread, network, trustRepository }: PromptRun): string[] {
    return [
      `model_providers.saas.base_url=${JSON.stringify(access.baseUrl)}`,
      ...(access.token === null ? [] : [`model_providers.saas.env_key="${TOKEN_VARIABLE}"`]),
      projectTrust(thread.paths.repo, trustRepository ? 'trusted' : 'untrusted'),
      ...(trustRepository ? NOT_FOR_REPOSITORIES : []),
      // OpenAI's server does the search, outside of the session's network. Other servers do not know the tool.
      ...(this.modelProxy.source === 'openai' && network.mode === 'on' ? [] : ['web_search="disabled"']),
    ];
  }
}

/** Settings of codex-config.toml that the configuration of a trusted repository would otherwise replace. */
const NOT_FOR_REPOSITORIES = [
  'approval_policy="never"',
  'project_doc_max_bytes=0',
  ...['apps', 'daemon_auto_start', 'hooks', 'plugins', 'remote_plugin'].map(
    (name) => `features.${name}=false`,
  ),
];

/**
 * Gives the SDK a signal that is never aborted after its last event: by then the SDK no longer listens to its child process,
 * and an abort would be an uncaught error event.
 */
async function* abortableUntilDone(
  signal: AbortSignal,
  start: (signal: AbortSignal) => Promise<AsyncGenerator<ThreadEvent>>,
): AsyncGenerator<ThreadEvent> {
  const inner = new AbortController();
  const abort = () => inner.abort();
  signal.throwIfAborted();
  signal.addEventListener('abort', abort);
  try {
    yield* withLimitedOutput(await start(inner.signal));
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** The SDK starts Codex when it is asked for its first event, and returns one event for each line that Codex prints. */
async function* withLimitedOutput<T>(events: AsyncGenerator<T>): AsyncGenerator<T> {
  const limiter = new OutputLimiter();
  try {
    for (;;) {
      const next = await limiter.attachDuring(() => events.next());
      if (next.done) break;
      limiter.lineConsumed();
      yield next.value;
    }
  } catch (error) {
    throw limiter.exceeded ?? error;
  } finally {
    await events.return(undefined);
  }
  if (limiter.exceeded) throw limiter.exceeded;
}
