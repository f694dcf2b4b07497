import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NETWORK_OFF } from '@saas-codex/contracts/network';
import { AppServerEngine } from '../../../../apps/runner/src/engine/app-server/app-server.engine.js';
import type { CodexLaunch, CodexLauncher } from '../../../../apps/runner/src/engine/codex-launcher.js';
import type { PromptRun, RunningTurn } from '../../../../apps/runner/src/engine/port/engine.js';
import { NO_RUN_SECRETS } from '../../../../apps/runner/src/redaction/run-secrets.js';

/*
 * Speaks as `codex app-server`, as far as the beginning of a turn. `play` has the rest: `say` sends a notification, `ask` a
 * request, `write` any text; `on` takes over a method; `item` says something about an item of the turn.
 */
const SERVER = `
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
const write = (text) => new Promise((done) => process.stdout.write(text, done));
const send = (message) => write(JSON.stringify(message) + '\\n');
const at = { threadId: 'thread', turnId: 'turn' };
const say = (method, params) => send({ method, params });
const ask = (id, method, params) => send({ id, method, params: { ...at, ...params } });
const item = (what, item) => say('item/' + what, { ...at, item });
const end = (status, error = null) => say('turn/completed', { threadId: 'thread', turn: { id: 'turn', status, error } });
const handlers = {
  initialize: () => ({}),
  'thread/start': () => ({ thread: { id: 'thread' } }),
  'turn/start': () => ({ turn: { id: 'turn' } }),
  'turn/interrupt': () => (end('interrupted'), {}),
};
const on = (method, handler) => (handlers[method] = handler);
const refusal = (code, message) => Object.assign(new Error(message), { code });
let play = async () => {};
PLAY
createInterface({ input: process.stdin }).on('line', async (line) => {
  appendFileSync(process.argv[2], line + '\\n');
  const { id, method, params } = JSON.parse(line);
  if (id === undefined || method === undefined) return;
  try {
    if (!handlers[method]) throw refusal(-32600, 'unknown variant');
    await send({ id, result: await handlers[method](params) });
  } catch ({ code, message }) {
    return send({ id, error: { code, message } });
  }
  if (method === 'turn/start') await play();
}).on('close', () => process.exit());
`;

export interface FakeAppServer {
  launch: CodexLaunch;
  /** The messages that it has got. */
  received(): Promise<{ id?: number; method?: string; result?: unknown; error?: unknown }[]>;
}

/**
 * @param folder an empty one
 * @param play JavaScript that may assign `play`, which runs when the turn has begun
 */
export async function makeFakeAppServer(folder: string, play: string): Promise<FakeAppServer> {
  const [program, server, log] = ['codex', 'server.mjs', 'received'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await mkdir(join(folder, 'codex-home'), { recursive: true });
  await writeFile(
    server,
    SERVER.replace('PLAY', () => play),
  );
  await writeFile(log, '');
  await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${server}" "${log}"\n`);
  await chmod(program, 0o700);
  return {
    launch: { program, environment: {}, settings: [], images: [], sandboxMode: 'danger-full-access' },
    received: async () =>
      (await readFile(log, 'utf8'))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as object),
  };
}

/** Starts a turn of the engine with a fake. */
export function startFakeTurn(folder: string, { launch }: FakeAppServer): RunningTurn {
  const paths = { repo: folder, codexHome: join(folder, 'codex-home') };
  const run = {
    runId: 'run',
    thread: { paths, codexThreadId: null, skipGitRepoCheck: true },
    note: null,
    input: { kind: 'prompt', prompt: 'Go' },
    model: null,
    network: NETWORK_OFF,
    secrets: NO_RUN_SECRETS,
  };
  const launcher = { prepareLaunch: async () => launch } as unknown as CodexLauncher;
  return new AppServerEngine(launcher).startTurn(run as unknown as PromptRun);
}
