import { archive } from './archive.mjs';
import { changes } from './changes.mjs';
import { fanout } from './fanout.mjs';
import { firstEvent } from './first-event.mjs';
import { idle } from './idle.mjs';
import { jail } from './jail.mjs';
import { manyRuns } from './many-runs.mjs';
import { neighbours } from './neighbours.mjs';
import { replay } from './replay.mjs';
import { sessions } from './sessions.mjs';
import { stalled } from './stalled.mjs';
import { web } from './web.mjs';

/**
 * The parameters of a question.
 * @typedef {object} Bench
 * @property {string} root the project's folder
 * @property {string} folder a working folder, which is removed afterwards
 * @property {number} rounds how often everything is measured, alternating
 * @property {(clients: number) => number} scale a number of clients, reduced by --scale
 * @property {() => Promise<import('./streams.mjs').Streams>} streams started on the first call, then kept
 */

/** @typedef {{ title: string, rows: Record<string, unknown>[] }} Finding */

/** All questions, by their names on the command line. @type {Record<string, (bench: Bench) => Promise<Finding>>} */
export const QUESTIONS = {
  fanout,
  'many-runs': manyRuns,
  stalled,
  replay,
  idle,
  sessions,
  'first-event': firstEvent,
  neighbours,
  archive,
  jail,
  web,
  changes,
};
