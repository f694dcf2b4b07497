// Listens to a program in Codex's place, as a process whose memory is nobody else's, and prints what that took: `Listened`.
//   node --expose-gc …RUN_SOURCE listen-to-codex.ts <folder> <script>
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { eventsOf } from './codex-stand-in.js';

export interface Listened {
  /** More than before in use, at most; garbage is left out, since when that is given back is nobody's promise. */
  megabytes: number;
  events: number;
}

const LOOK_EVERY_MS = 100;
/** Turns of the loop for each event, so that its reader is slower than the one who prints. */
const TURNS = 50;

function megabytesInUse(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / (1024 * 1024);
}

const [folder = '', script = ''] = process.argv.slice(2);
const before = megabytesInUse();
const listened: Listened = { megabytes: 0, events: 0 };
const look = setInterval(() => {
  listened.megabytes = Math.max(listened.megabytes, megabytesInUse() - before);
}, LOOK_EVERY_MS);
for await (const _ of await eventsOf(folder, script)) {
  listened.events += 1;
  for (let turn = 0; turn < TURNS; turn += 1) await turnOfTheLoop();
}
clearInterval(look);
console.log(JSON.stringify(listened));
