import type { Redactor } from '../../redaction/redactor.js';
import type { ScriptLaunch } from '../../sandbox/jail/jail.js';
import { GrowingText } from '../growing-text.js';
import type { EngineEvent } from '../port/engine.js';
import { spawnScript } from './spawn-script.js';

interface ScriptOfItem {
  /** Of the item. */
  id: string;
  /** As people read it. */
  command: string;
  launch: ScriptLaunch;
  redactor: Redactor;
  /** Ends it. */
  signal: AbortSignal;
  /** Called when the script has exited; what it left behind may hold its output open. */
  onExit: (code: number | null) => void;
}

/**
 * Runs a script as one command of the run's log: item.started, item.delta …, item.completed.
 * @returns its exit code; null: it was killed
 * @throws Error when the jail cannot be built
 */
export async function* scriptItem({
  id,
  command,
  launch,
  redactor,
  signal,
  onExit,
}: ScriptOfItem): AsyncGenerator<EngineEvent, number | null> {
  signal.throwIfAborted();
  const item = { id, type: 'command_execution', command } as const;
  yield { type: 'item.started', data: { item: { ...item, aggregated_output: '', status: 'in_progress' } } };
  const child = await spawnScript(launch, onExit);
  signal.addEventListener('abort', child.kill);
  if (signal.aborted) child.kill();
  const output = new GrowingText(redactor);
  try {
    for await (const text of child.output) {
      const live = output.add(text);
      const delta = { item_type: 'command_execution', stream_id: id, text: live } as const;
      if (live) yield { type: 'item.delta', data: delta };
    }
    const code = await child.exited;
    const stderr = child.stderr();
    if (code !== 0 && stderr) throw new Error(`the jail exited with code ${code}: ${stderr}`);
    const completed = {
      ...item,
      aggregated_output: output.end(),
      ...(code !== null && { exit_code: code }),
      status: code === 0 ? 'completed' : 'failed',
    };
    yield { type: 'item.completed', data: { item: completed } };
    return code;
  } finally {
    signal.removeEventListener('abort', child.kill);
    child.kill();
  }
}
