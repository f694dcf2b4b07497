// Reads the events of a fake Codex slowly, in a process of its own so that its memory can be measured, and prints a
// `Measurement`.
//   node --expose-gc …RUN_SOURCE measure-fake-codex.ts <folder> <script>
import { setImmediate as nextTurnOfTheLoop } from 'node:timers/promises';
import { startFakeCodex } from './fake-codex.js';

export interface Measurement {
  /** Peak growth of the memory in use, without garbage: when garbage is returned is not defined. */
  megabytes: number;
  events: number;
}

const SAMPLE_MS = 100;
/** Turns of the event loop per event, so that the reader is slower than the writer. */
const TURNS = 50;

function megabytesInUse(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / (1024 * 1024);
}

const [folder = '', script = ''] = process.argv.slice(2);
const before = megabytesInUse();
const measured: Measurement = { megabytes: 0, events: 0 };
const sampling = setInterval(() => {
  measured.megabytes = Math.max(measured.megabytes, megabytesInUse() - before);
}, SAMPLE_MS);
for await (const _ of (await startFakeCodex(folder, script)).events) {
  measured.events += 1;
  for (let turn = 0; turn < TURNS; turn += 1) await nextTurnOfTheLoop();
}
clearInterval(sampling);
console.log(JSON.stringify(measured));
