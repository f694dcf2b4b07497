import { subscribe } from 'node:diagnostics_channel';
import type { ChildProcess } from 'node:child_process';

/**
 * The SDK writes the prompt to Codex's stdin and does not listen for errors there. A Codex that ends before it has read
 * a long prompt (cancelled at once, say) makes that an uncaught EPIPE, which would take the whole runner and every
 * other run with it. Why Codex ended is known from its exit; nothing is lost by not hearing of the pipe.
 */
export function guardChildInputs(): void {
  subscribe('child_process', (message) => {
    const { process: child } = message as { process: ChildProcess };
    // Published while the process object is being made; its streams are there when the caller's step has ended.
    queueMicrotask(() => child.stdin?.on('error', () => undefined));
  });
}
