/*
 * The demo model does what the examples on the home page ask for: it builds one of three small programs, explains a repository,
 * adds tests, or mends a rough edge. Where an answer has a schema, it proposes a commit message. For every other prompt it writes a
 * note that quotes the prompt. It uses only the prompts of
 * the thread and the output of its own commands, so it works in any repository, even an empty one, and remembers earlier
 * prompts. It says that it is not an AI.
 */
import { randomBytes } from 'node:crypto';
import { listenOnPort, modelHandler } from '../model-server.js';
import type { Script } from '../script.js';
import { addTests } from './add-tests.js';
import { buildProject } from './build-project.js';
import { explainRepository } from './explain-repository.js';
import { fixRoughEdge } from './fix-rough-edge.js';
import { projectFor } from './projects.js';
import { proposeMessage } from './propose-message.js';
import { writeNote } from './write-note.js';

/** Starts the demo model on a loopback port. Only a caller with its key may use it. */
export async function startDemoModel({ pace = 1 }: { pace?: number | undefined }) {
  const apiKey = randomBytes(32).toString('base64url');
  const { origin, close } = await listenOnPort(modelHandler({ script: demoScript, pace, apiKey }));
  return { baseUrl: `${origin}/v1`, apiKey, close };
}

/** What is asked about a repository, by words of the examples. */
const ABOUT_A_REPOSITORY: [asked: RegExp, script: Script][] = [
  [/\bhow this repository is organi[sz]ed\b/i, explainRepository],
  [/\bweakest tests\b/i, addTests],
  [/\ba bug or a rough edge\b/i, fixRoughEdge],
];

const demoScript: Script = (turn) => {
  const prompt = turn.prompts.at(-1) ?? '';
  if (turn.schema) return proposeMessage(turn);
  const project = projectFor(prompt);
  if (project) return buildProject(turn, project);
  const [, script = writeNote] = ABOUT_A_REPOSITORY.find(([asked]) => asked.test(prompt)) ?? [];
  return script(turn);
};
