import { parseArgs } from 'node:util';

/*
 * `npm start -- --runners 3 --backends 2` starts several replicas of a service on one machine.
 *
 *     runner     RUNNER_PORT         9102        backend     BACKEND_PORT        9101
 *     runner-2   RUNNER_PORT + 10    9112        backend-2   BACKEND_PORT + 10   9111
 *     runner-3   RUNNER_PORT + 20    9122
 *
 * In steps of ten: with the default ports no two services collide, and the last digit identifies the service.
 */

const STEP = 10;
const MAX = 20;

const OPTIONS = /** @type {const} */ ({
  dev: { type: 'boolean', default: false },
  runners: { type: 'string', default: '1' },
  backends: { type: 'string', default: '1' },
});

/**
 * @typedef {object} Replicas
 * @property {number} runners
 * @property {number} backends
 */

/**
 * @param {string[]} args the command line without node and script
 * @returns {Replicas & { development: boolean }}
 * @throws Error with one sentence for the first mistake
 */
export function readArguments(args) {
  const { values } = parseArgs({ args, options: OPTIONS });
  return {
    development: values.dev,
    runners: count('--runners', values.runners),
    backends: count('--backends', values.backends),
  };
}

/** @param {string} option @param {string} text */
function count(option, text) {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= MAX) return number;
  throw new Error(`${option}: must be a number from 1 to ${MAX}.`);
}

/**
 * A replica's name and where it listens.
 * @typedef {object} Place
 * @property {string} name
 * @property {number} port
 * @property {string} setting the setting that changes the port
 */

/**
 * @param {{ GATEWAY_PORT: number, BACKEND_PORT: number, RUNNER_PORT: number, POSTGRES_PORT: number, REDIS_PORT: number }} settings
 * @param {Replicas} replicas
 * @returns {{ gateway: Place, backends: Place[], runners: Place[] }}
 * @throws Error if two of them, or one and a store, would have the same port
 */
export function places(settings, { runners, backends }) {
  const all = {
    gateway: { name: 'gateway', port: settings.GATEWAY_PORT, setting: 'GATEWAY_PORT' },
    backends: inSteps('backend', settings.BACKEND_PORT, 'BACKEND_PORT', backends),
    runners: inSteps('runner', settings.RUNNER_PORT, 'RUNNER_PORT', runners),
  };
  const taken = new Map([
    [settings.POSTGRES_PORT, 'POSTGRES_PORT'],
    [settings.REDIS_PORT, 'REDIS_PORT'],
  ]);
  for (const { name, port, setting } of [all.gateway, ...all.backends, ...all.runners]) {
    const other = taken.get(port);
    if (other)
      throw new Error(`${name} and ${other} would both have port ${port}: set ${setting} to another one.`);
    if (port > 65_535) throw new Error(`${name} would have port ${port}: set ${setting} to a lower one.`);
    taken.set(port, name);
  }
  return all;
}

/** @param {string} name @param {number} first @param {string} setting @param {number} number @returns {Place[]} */
const inSteps = (name, first, setting, number) =>
  Array.from({ length: number }, (_, index) => ({
    name: index === 0 ? name : `${name}-${index + 1}`,
    port: first + STEP * index,
    setting,
  }));
