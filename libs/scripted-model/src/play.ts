import type { ServerResponse } from 'node:http';
import type { ResponseStream } from './response-stream.js';
import type { PlacedStep } from './script.js';
import type { StepOf } from './steps.js';

/** Reading pace: about fifty words a second, as models write. */
const WORD_MS = 20;
const HUGE_CHUNK = 'x'.repeat(8_192);
const PATCH_END = 'END_OF_PATCH';

/** What playing needs from the server. */
export interface Stage {
  res: ServerResponse;
  stream: ResponseStream;
  /** Settles when the gate is open. */
  gate(name: string, signal: AbortSignal): Promise<void>;
  /** True as long as this step has to fail. */
  fails(placed: PlacedStep, times: number): boolean;
}

/** Plays the steps of one answer. @returns false when a step ended the answer in its own way */
export async function play(steps: PlacedStep[], stage: Stage): Promise<boolean> {
  for (const placed of steps) if (!(await playStep(placed, stage))) return false;
  return true;
}

async function playStep(placed: PlacedStep, stage: Stage): Promise<boolean> {
  const { step } = placed;
  const { stream } = stage;
  if ('times' in step && !stage.fails(placed, step.times ?? Infinity)) return true;
  switch (step.do) {
    case 'message':
      await stream.message(step.chunks ?? words(step.text), () => stream.wait(step.chunkMs ?? WORD_MS));
      return true;
    case 'reasoning':
      await stream.reasoning(words(step.text), () => stream.wait(step.chunkMs ?? WORD_MS));
      return true;
    case 'command':
      await stream.call('exec_command', { cmd: step.cmd });
      return true;
    case 'patch':
      await stream.call('exec_command', {
        cmd: `apply_patch <<'${PATCH_END}'\n${step.patch.trimEnd()}\n${PATCH_END}`,
      });
      return true;
    case 'plan':
      await stream.call('update_plan', { plan: step.items });
      return true;
    case 'pause':
      await stream.wait(step.ms);
      return true;
    case 'gate':
      await stage.gate(step.name, stream.signal);
      return true;
    case 'endless':
      await stream.message(repeat(step.text, Infinity), () => stream.sleep(step.everyMs));
      return true;
    case 'huge':
      await stream.message(repeat(HUGE_CHUNK, step.chars / HUGE_CHUNK.length), () => stream.sleep(0));
      return true;
    default:
      await breakOff(step, stage);
      return false;
  }
}

async function breakOff(step: StepOf<'error' | 'failure' | 'drop'>, { res, stream }: Stage): Promise<void> {
  switch (step.do) {
    case 'failure':
      return stream.fail(step.code, step.message);
    case 'drop':
      return stream.drop(step.after);
    case 'error':
      if (stream.isOpen) return stream.fail('server_error', `status ${step.status}`);
      res.writeHead(step.status, { 'content-type': 'application/json', ...step.headers });
      res.end(typeof step.body === 'string' ? step.body : JSON.stringify(step.body ?? {}));
  }
}

/** Words with the space after them. */
const words = (text: string): string[] => text.match(/\S+\s*|\s+/g) ?? [];

function* repeat(text: string, count: number): Generator<string> {
  for (let n = 0; n < count; n += 1) yield text;
}
