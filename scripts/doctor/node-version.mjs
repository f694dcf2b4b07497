import { fail, ok } from './report.mjs';

/** @param {string} version e.g. 20.19.4 */
export function checkNode(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < 20 || (major === 20 && minor < 19)
    ? fail('Node', `${version} is too old. Install 20.19 or newer.`)
    : ok('Node', `${version}.`);
}
