/**
 * @typedef {object} Finding
 * @property {'ok' | 'warn' | 'fail'} level fail: the product does not work like this
 * @property {string} what was checked
 * @property {string} sentence what was found and what to do about it; never a secret
 */

/** @param {Finding['level']} level @returns {(what: string, sentence: string) => Finding} */
const finding = (level) => (what, sentence) => ({ level, what, sentence });

export const ok = finding('ok');
export const warn = finding('warn');
export const fail = finding('fail');

/**
 * The last line of defence: checks do not put secrets into sentences in the first place.
 * @param {Finding} finding @param {string[]} secrets
 * @returns {Finding}
 */
export const redact = (finding, secrets) => ({
  ...finding,
  sentence: secrets.reduce((text, secret) => text.replaceAll(secret, '[hidden]'), finding.sentence),
});

/** @param {Finding} finding */
export function print({ level, what, sentence }) {
  console.log(`${level.padEnd(4)}  ${what}: ${sentence}`);
}

/**
 * Turns the failure of a check into a finding.
 * @param {string} what
 * @param {() => Promise<Finding | Finding[]>} work
 * @returns {Promise<Finding[]>}
 */
export async function check(what, work) {
  try {
    return [await work()].flat();
  } catch (error) {
    return [fail(what, `could not be checked (${reasonOf(error)}).`)];
  }
}

/**
 * Codes and names only: a message may contain an address with its password.
 * @param {unknown} error
 */
export function reasonOf(error) {
  const { code, cause, name } = /** @type {{ code?: string, cause?: { code?: string }, name?: string }} */ (
    error ?? {}
  );
  return code ?? cause?.code ?? name ?? 'unknown';
}
