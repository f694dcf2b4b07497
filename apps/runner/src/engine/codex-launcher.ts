import { Injectable } from '@nestjs/common';
import { allSettled } from '@saas-codex/service-kit/all-settled';
import { ModelProxy } from '../model-proxy/model-proxy.service.js';
import { Jail, type Launch } from '../sandbox/jail/jail.js';
import { codexEnvironment, prepareCodexHome, projectTrust, TOKEN_VARIABLE } from '../threads/codex-home.js';
import type { CodexRun, ProposalRun } from './port/engine.js';

/** How Codex is started for one turn, whichever way it is driven. */
export interface CodexLaunch extends Pick<Launch, 'program' | 'environment' | 'images' | 'sandboxMode'> {
  /** Codex settings, each `key=<TOML value>`. */
  settings: string[];
}

/** Settings of codex-config.toml that the configuration of a trusted repository would otherwise replace. */
const NOT_FOR_REPOSITORIES = [
  'approval_policy="never"',
  'project_doc_max_bytes=0',
  ...['apps', 'daemon_auto_start', 'hooks', 'plugins', 'remote_plugin'].map(
    (name) => `features.${name}=false`,
  ),
];

@Injectable()
export class CodexLauncher {
  constructor(
    private readonly jail: Jail,
    private readonly modelProxy: ModelProxy,
  ) {}

  /** Prepares the turn's jail and its CODEX_HOME. */
  async prepareLaunch(run: CodexRun | ProposalRun): Promise<CodexLaunch> {
    const { thread, access, runId, network, authorities, trustRepository, images } = run;
    const secrets = run.secrets.environment;
    const { paths } = thread;
    const environment = codexEnvironment(paths.codexHome, access.token);
    const [launch] = await allSettled([
      this.jail.launch({
        runId,
        paths,
        environment,
        network,
        authorities,
        trustRepository,
        images,
        secrets,
      }),
      prepareCodexHome(paths.codexHome),
    ]);
    return { ...launch, settings: [...this.turnSettings(run), ...launch.configOverrides] };
  }

  /** Settings that differ per turn, which codex-config.toml therefore cannot hold. */
  private turnSettings({
    access,
    thread,
    network,
    trustRepository,
    input,
  }: CodexRun | ProposalRun): string[] {
    return [
      `model_providers.saas.base_url=${JSON.stringify(access.baseUrl)}`,
      ...(access.token === null ? [] : [`model_providers.saas.env_key="${TOKEN_VARIABLE}"`]),
      projectTrust(thread.paths.repo, trustRepository ? 'trusted' : 'untrusted'),
      ...(input.effort === undefined ? [] : [`model_reasoning_effort="${input.effort}"`]),
      ...(trustRepository ? NOT_FOR_REPOSITORIES : []),
      // OpenAI's server does the search, outside of the session's network. Other servers do not know the tool.
      ...(this.modelProxy.source === 'openai' && network.mode === 'on' ? [] : ['web_search="disabled"']),
    ];
  }
}
