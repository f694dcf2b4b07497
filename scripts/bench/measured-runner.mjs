import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../lib/ports.mjs';
import { stopProcess, waitUntil } from '../lib/processes.mjs';
import { startRedis } from '../lib/redis.mjs';

const SERVICE_TOKEN = randomUUID();
const HEADERS = { authorization: `Bearer ${SERVICE_TOKEN}`, 'content-type': 'application/json' };

/** The measured moments, each with a pattern for the SSE lines that show it. The first match counts. */
export const MOMENTS = {
  'first event': /^event: run\.started$/,
  'Codex is up': /^event: thread\.started$/,
  'command done': /^data: .*"type":"item\.completed".*"command_execution"/,
  answer: /^data: .*"type":"item\.completed".*"agent_message"/,
  'run end': /^event: run\.succeeded$/,
};

/**
 * The scripted model as a separate process, so that it shares nothing with what is measured.
 * @param {string} root the project's folder
 * @param {string} scenarios a JSON file
 */
export async function startModel(root, scenarios) {
  const child = spawn(process.execPath, [join(root, 'libs/scripted-model/dist/main.js')], {
    env: { PATH: process.env['PATH'], SCENARIOS: scenarios, PACE: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout, 'data');
  return { baseUrl: String(line).trim(), stop: () => stopProcess(child, 'SIGTERM', 5_000) };
}

/**
 * A real runner with its own queue.
 * @param {string} root the project's folder
 * @param {{ isolation: string, folder: string, modelUrl: string }} options
 */
export async function startRunner(root, { isolation, folder, modelUrl }) {
  const redis = await startRedis({ folder: join(folder, `redis-${isolation}`), port: await freePort() });
  const workspaces = join(folder, `workspaces-${isolation}`);
  mkdirSync(workspaces);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [join(root, 'apps/runner/dist/main.js')], {
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'production',
      LOG_LEVEL: 'error',
      PORT: String(port),
      REDIS_URL: redis.url,
      WORKSPACES_ROOT: workspaces,
      CODEX_BASE_URL: modelUrl,
      ISOLATION: isolation,
      SERVICE_TOKEN,
      // Not called: runs that start at the runner are not metered.
      BACKEND_URL: 'http://127.0.0.1',
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const isUp = () =>
    fetch(`${url}/health`).then(
      (answer) => answer.ok,
      () => false,
    );
  await waitUntil(isUp, child, () => `The runner with ISOLATION=${isolation} does not start.`);
  return {
    isolation,
    /** One turn in its own session. */
    turn: () => turn(url, workspaces),
    stop: async () => {
      await stopProcess(child, 'SIGTERM', 10_000);
      await redis.stop();
    },
  };
}

/**
 * @param {string} url
 * @param {string} workspaces
 * @returns {Promise<Record<string, number>>} milliseconds from the prompt to each moment
 */
async function turn(url, workspaces) {
  const workingDirectory = join(workspaces, randomUUID(), 'repo');
  mkdirSync(workingDirectory, { recursive: true });
  execFileSync('git', ['init', '-q', workingDirectory]);
  const { threadId } = await post(`${url}/threads`, { workingDirectory });
  const runId = randomUUID();
  const startedAt = performance.now();
  await post(`${url}/runs`, { threadId, prompt: 'Measure.', runId });
  const events = await fetch(`${url}/runs/${runId}/events`, { headers: HEADERS });
  /** @type {Record<string, number>} */
  const reached = {};
  for await (const line of linesOf(events)) {
    for (const [moment, pattern] of Object.entries(MOMENTS))
      if (pattern.test(line)) reached[moment] ??= performance.now() - startedAt;
    if (line === 'event: end') break;
  }
  if (Object.keys(reached).length < Object.keys(MOMENTS).length)
    throw new Error(`A run did not reach every moment: ${JSON.stringify(reached)}`);
  return reached;
}

/** @param {string} url @param {object} body @returns {Promise<Record<string, string>>} */
async function post(url, body) {
  const answer = await fetch(url, { method: 'POST', headers: HEADERS, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
  return /** @type {Record<string, string>} */ (await answer.json());
}

/** @param {Response} response @returns {AsyncGenerator<string>} */
async function* linesOf({ body }) {
  if (body === null) return;
  let rest = '';
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
