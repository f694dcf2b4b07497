import type { ServerResponse } from 'node:http';
import type { ResponseStream } from './response-stream.js';
import type { PlacedStep, StepOf } from './script.js';

/** The speed of a real model: about fifty words per second. */
const WORD_MS = 20;
const HUGE_CHUNK = 'x'.repeat(8_192);
const PATCH_END = 'END_OF_PATCH';

/** What the steps need from the server. */
export interface Stage {
  res: ServerResponse;
  stream: ResponseStream;
  /** Resolves when the gate is open. */
  gate(name: string, signal: AbortSignal): Promise<void>;
  /** Whether this step must fail once more. */
  fails(placed: PlacedStep, times: number): boolean;
}

/** Plays the steps of one response. @returns false if a step has ended the response itself */
export async function playSteps(steps: PlacedStep[], stage: Stage): Promise<boolean> {
  for (const placed of steps) if (!(await playStep(placed, stage))) return false;
  return true;
}

async function playStep(placed: PlacedStep, stage: Stage): Promise<boolean> {
  const { step } = placed;
  const { stream } = stage;
  if ('times' in step && !stage.fails(placed, step.times ?? Infinity)) return true;
  switch (step.do) {
    case 'message':
      await stream.sendMessage(step.chunks ?? words(step.text), () => stream.wait(step.chunkMs ?? WORD_MS));
      return true;
    case 'reasoning':
      await stream.sendReasoning(words(step.text), () => stream.wait(step.chunkMs ?? WORD_MS));
      return true;
    case 'command':
      await stream.sendCall('exec_command', { cmd: step.cmd });
      return true;
    case 'patch':
      await stream.sendCall('exec_command', {
        cmd: `apply_patch <<'${PATCH_END}'\n${step.patch.trimEnd()}\n${PATCH_END}`,
      });
      return true;
    case 'plan':
      await stream.sendCall('update_plan', { plan: step.items });
      return true;
    case 'pause':
      await stream.wait(step.ms);
      return true;
    case 'gate':
      await stage.gate(step.name, stream.signal);
      return true;
    case 'endless':
      await stream.sendMessage(repeat(step.text, Infinity), () => stream.sleep(step.everyMs));
      return true;
    case 'huge':
      await stream.sendMessage(repeat(HUGE_CHUNK, step.chars / HUGE_CHUNK.length), () => stream.sleep(0));
      return true;
    default:
      await failResponse(step, stage);
      return false;
  }
}

async function failResponse(
  step: StepOf<'error' | 'failure' | 'drop'>,
  { res, stream }: Stage,
): Promise<void> {
  switch (step.do) {
    case 'failure':
      return stream.sendFailure(step.code, step.message);
    case 'drop':
      return stream.breakConnection(step.after);
    case 'error':
      if (stream.isOpen) return stream.sendFailure('server_error', `status ${step.status}`);
      res.writeHead(step.status, { 'content-type': 'application/json', ...step.headers });
      res.end(typeof step.body === 'string' ? step.body : JSON.stringify(step.body ?? {}));
  }
}

/** Splits a text into words, each with the white space after it. */
const words = (text: string): string[] => text.match(/\S+\s*|\s+/g) ?? [];

function* repeat(text: string, count: number): Generator<string> {
  for (let n = 0; n < count; n += 1) yield text;
}
