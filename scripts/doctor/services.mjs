import { fail, ok, reasonOf, warn } from './report.mjs';

const TIMEOUT_MS = 5_000;
const OPENAI = 'https://api.openai.com/v1';
const NAMES = /** @type {const} */ (['gateway', 'backend', 'runner']);

/**
 * @typedef {{ service: string, status: string, version: string, isolation?: string, isolation_reason?: string }} Health
 * @typedef {Record<typeof NAMES[number], Health | null>} HealthByService null if it does not answer
 */

/**
 * @param {import('./machine.mjs').Settings} settings
 * @returns {Promise<HealthByService>} of the services on this machine
 */
export async function healthOf({ GATEWAY_PORT, BACKEND_PORT, RUNNER_PORT }) {
  const ask = async (/** @type {string} */ service, /** @type {number} */ port) => {
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const answer = await fetch(`http://127.0.0.1:${port}/health`, { signal });
      const health = /** @type {Health} */ (await answer.json());
      return health.service === service ? health : null;
    } catch {
      return null;
    }
  };
  const [gateway, backend, runner] = await Promise.all([
    ask('gateway', GATEWAY_PORT),
    ask('backend', BACKEND_PORT),
    ask('runner', RUNNER_PORT),
  ]);
  return { gateway, backend, runner };
}

/** @param {HealthByService} health @returns {import('./report.mjs').Finding[]} */
export function checkServices(health) {
  const away = NAMES.filter((name) => health[name] === null);
  if (away.length === NAMES.length) return [warn('services', 'none is running. Start them: npm start')];
  return NAMES.map((name) => {
    const answer = health[name];
    return answer === null
      ? fail(name, 'does not answer, but others do. Read its log (DATA_DIR/logs), then restart.')
      : ok(name, `${answer.status}, version ${answer.version}.`);
  });
}

/**
 * Asks the model server for its list of models, which costs nothing. Without a key and an address it asks no server.
 * @param {import('./machine.mjs').Settings} settings
 */
export async function checkModel({ CODEX_API_KEY, CODEX_BASE_URL }) {
  if (!CODEX_API_KEY && !CODEX_BASE_URL)
    return warn('model', 'the demo model answers. It is not an AI. Set CODEX_API_KEY or CODEX_BASE_URL.');
  const root = (CODEX_BASE_URL ?? OPENAI).replace(/\/+$/, '');
  const { host } = new URL(root);
  let answer;
  try {
    answer = await fetch(`${root}/models`, {
      headers: CODEX_API_KEY ? { authorization: `Bearer ${CODEX_API_KEY}` } : {},
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await answer.body?.cancel();
  } catch (error) {
    return fail('model', `${host} cannot be reached (${reasonOf(error)}). Check CODEX_BASE_URL.`);
  }
  if (answer.ok) return ok('model', `${host} answers${CODEX_API_KEY ? ' and accepts the key' : ''}.`);
  if (answer.status === 401 || answer.status === 403)
    return fail('model', `${host} refuses the key (${answer.status}). Check CODEX_API_KEY.`);
  if (answer.status >= 300 && answer.status < 400)
    return fail(
      'model',
      `${host} redirects, and redirects are not followed. Set CODEX_BASE_URL to the target.`,
    );
  return warn('model', `${host} answers ${answer.status} to a request for its models. Try a prompt.`);
}
