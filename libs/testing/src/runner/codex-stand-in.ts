import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NETWORK_OFF } from '@saas-codex/contracts/network';
import { CodexSdkEngine } from '../../../../apps/runner/src/engine/codex-sdk.engine.js';
import type { EngineEvent, PromptTurn } from '../../../../apps/runner/src/engine/engine.js';
import type { Jail } from '../../../../apps/runner/src/sandbox/jail/jail.js';
import type { ModelProxy } from '../../../../apps/runner/src/model-proxy/model-proxy.service.js';

const MEGABYTE = 1024 * 1024;

/**
 * What the engine tells of a program in Codex's place.
 * @param folder an empty one, for the program (`codex`) and its CODEX_HOME
 */
export async function eventsOf(
  folder: string,
  script: string,
  network: PromptTurn['network'] = NETWORK_OFF,
): Promise<AsyncIterable<EngineEvent>> {
  const program = join(folder, 'codex');
  await mkdir(join(folder, 'codex-home'));
  await writeFile(program, `#!/bin/sh\n${script}\n`);
  await chmod(program, 0o700);
  const launch = { program, environment: { PATH: '/usr/bin:/bin' }, configOverrides: [] };
  const jail = { launch: async () => ({ ...launch, sandboxMode: 'danger-full-access' }) };
  const paths = { repo: folder, codexHome: join(folder, 'codex-home') };
  const turn = {
    thread: { paths, codexThreadId: null, skipGitRepoCheck: true },
    access: { baseUrl: 'http://127.0.0.1', token: null },
    prompt: 'x'.repeat(MEGABYTE),
    model: null,
    network,
    signal: new AbortController().signal,
  };
  const engine = new CodexSdkEngine(jail as unknown as Jail, { source: 'openai' } as unknown as ModelProxy);
  return engine.run(turn as unknown as PromptTurn);
}
