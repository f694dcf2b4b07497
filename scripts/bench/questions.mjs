import { archive } from './archive.mjs';
import { fanout } from './fanout.mjs';
import { firstEvent } from './first-event.mjs';
import { idle } from './idle.mjs';
import { jail } from './jail.mjs';
import { manyRuns } from './many-runs.mjs';
import { replay } from './replay.mjs';
import { sessions } from './sessions.mjs';
import { stalled } from './stalled.mjs';

/**
 * What a question works with.
 * @typedef {object} Bench
 * @property {string} root the project's folder
 * @property {string} folder to work in, removed afterwards
 * @property {number} rounds how often everything is measured, in turns
 * @property {(clients: number) => number} scale a number of clients, fewer if so asked
 * @property {() => Promise<import('./streams.mjs').Streams>} streams started when first asked for, then kept
 */

/** @typedef {{ title: string, rows: Record<string, unknown>[] }} Finding */

/** What can be asked, by its name on the command line. @type {Record<string, (bench: Bench) => Promise<Finding>>} */
export const QUESTIONS = {
  fanout,
  'many-runs': manyRuns,
  stalled,
  replay,
  idle,
  sessions,
  'first-event': firstEvent,
  archive,
  jail,
};
