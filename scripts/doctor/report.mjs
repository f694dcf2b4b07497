/**
 * @typedef {object} Finding
 * @property {'ok' | 'warn' | 'fail'} level fail: the product does not work like that
 * @property {string} what was looked at
 * @property {string} sentence what is there, and what to do about it; never a secret
 */

/** @param {Finding['level']} level @returns {(what: string, sentence: string) => Finding} */
const finding = (level) => (what, sentence) => ({ level, what, sentence });

export const ok = finding('ok');
export const warn = finding('warn');
export const fail = finding('fail');

/** @param {Finding} finding */
export function print({ level, what, sentence }) {
  console.log(`${level.padEnd(4)}  ${what}: ${sentence}`);
}

/**
 * A check that breaks is a finding, too.
 * @param {string} what
 * @param {() => Promise<Finding | Finding[]>} work
 * @returns {Promise<Finding[]>}
 */
export async function check(what, work) {
  try {
    return [await work()].flat();
  } catch (error) {
    return [fail(what, `could not be looked at (${reasonOf(error)}).`)];
  }
}

/**
 * Codes and names only: an address may hold a password.
 * @param {unknown} error
 */
export function reasonOf(error) {
  const { code, cause, name } = /** @type {{ code?: string, cause?: { code?: string }, name?: string }} */ (
    error ?? {}
  );
  return code ?? cause?.code ?? name ?? 'unknown';
}
