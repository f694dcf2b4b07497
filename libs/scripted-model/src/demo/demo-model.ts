/*
 * The demo model builds one of three small programs when it is asked for one, as the examples on the home page do. For every
 * other prompt it writes a note that quotes the prompt. It uses only the prompts of the thread and the output of its own
 * commands, so it works in any repository, even an empty one, and remembers earlier prompts. It says that it is not an AI.
 */
import { randomBytes } from 'node:crypto';
import { listenOnPort, modelHandler } from '../model-server.js';
import type { Script } from '../script.js';
import { buildProject } from './build-project.js';
import { projectFor } from './projects.js';
import { writeNote } from './write-note.js';

/** Starts the demo model on a loopback port. Only a caller with its key may use it. */
export async function startDemoModel({ pace = 1 }: { pace?: number | undefined }) {
  const apiKey = randomBytes(32).toString('base64url');
  const { origin, close } = await listenOnPort(modelHandler({ script: demoScript, pace, apiKey }));
  return { baseUrl: `${origin}/v1`, apiKey, close };
}

const demoScript: Script = (turn) => {
  const project = projectFor(turn.prompts.at(-1) ?? '');
  return project ? buildProject(turn, project) : writeNote(turn);
};
