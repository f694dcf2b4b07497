import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NETWORK_OFF } from '@saas-codex/contracts/network';
import type { PromptRun, RunningTurn } from '../../../../apps/runner/src/engine/port/engine.js';
import { NO_RUN_SECRETS } from '../../../../apps/runner/src/redaction/run-secrets.js';
import { CodexLauncher } from '../../../../apps/runner/src/engine/codex-launcher.js';
import { SdkEngine } from '../../../../apps/runner/src/engine/sdk/sdk.engine.js';
import type { ModelProxy } from '../../../../apps/runner/src/model-proxy/model-proxy.service.js';
import type { Jail } from '../../../../apps/runner/src/sandbox/jail/jail.js';

const MEGABYTE = 1024 * 1024;

/**
 * Starts a turn of the SDK engine with a shell script in place of Codex.
 * @param folder an empty one, for the script (`codex`) and its CODEX_HOME
 */
export async function startFakeCodex(
  folder: string,
  script: string,
  network: PromptRun['network'] = NETWORK_OFF,
): Promise<RunningTurn> {
  const program = join(folder, 'codex');
  await mkdir(join(folder, 'codex-home'));
  await writeFile(program, `#!/bin/sh\n${script}\n`);
  await chmod(program, 0o700);
  const launch = { program, environment: { PATH: '/usr/bin:/bin' }, configOverrides: [], images: [] };
  const jail = { launch: async () => ({ ...launch, sandboxMode: 'danger-full-access' }) };
  const paths = { repo: folder, codexHome: join(folder, 'codex-home') };
  const run = {
    thread: { paths, codexThreadId: null, skipGitRepoCheck: true },
    access: { baseUrl: 'http://127.0.0.1', token: null },
    note: null,
    input: { kind: 'prompt', prompt: 'x'.repeat(MEGABYTE) },
    model: null,
    network,
    secrets: NO_RUN_SECRETS,
  };
  const modelProxy = { source: 'openai' } as unknown as ModelProxy;
  return new SdkEngine(new CodexLauncher(jail as unknown as Jail, modelProxy)).startTurn(
    run as unknown as PromptRun,
  );
}
