import { createHash } from 'node:crypto';

/*
 * Commands that Codex refuses to start, such as some kinds of `rm -f`. No event of Codex says so: only the model is told, in its next
 * request. There the output of the call is
 *
 *     exec_command failed: CreateProcess { message: "Rejected(\"`<command>` rejected: <reason>\")" }
 *
 * in Rust's quoting, alone or within the output of a script that made the call.
 */

/** Maximum outputs that are told apart in a run. */
const MAX_CALLS = 10_000;
/** Maximum reports of a run. */
const MAX_REPORTED = 50;
const MAX_TEXT = 4_000;
const REJECTION = /Rejected\(\\"`([\s\S]*?)` rejected: ([\s\S]*?)\\"\)"/;

export interface RejectedCommand {
  /** Identifies the call within the run. */
  callId: string;
  command: string;
  reason: string;
}

export class RejectedCommands {
  private readonly known = new Set<string>();
  private isFirst = true;
  private reported = 0;

  /**
   * @param input of a request to the model: the conversation so far
   * @returns what the run's earlier requests did not contain. Those of the first one are from earlier runs.
   */
  newIn(input: unknown): RejectedCommand[] {
    const found = Array.isArray(input) ? input.flatMap((item) => this.rejectionIn(item)) : [];
    const { isFirst } = this;
    this.isFirst = false;
    if (isFirst) return [];
    const reported = found.slice(0, MAX_REPORTED - this.reported);
    this.reported += reported.length;
    return reported;
  }

  private rejectionIn(item: unknown): RejectedCommand[] {
    if (typeof item !== 'object' || item === null) return [];
    const { type, call_id: callId, output } = item as Record<string, unknown>;
    if (typeof type !== 'string' || !type.endsWith('_call_output') || typeof callId !== 'string') return [];
    const match = textsOf(output)
      .map((text) => REJECTION.exec(text.slice(0, MAX_TEXT)))
      .find((one) => one !== null);
    if (!match || this.known.size >= MAX_CALLS) return [];
    const key = createHash('sha256').update(callId).digest('base64');
    if (this.known.has(key)) return [];
    this.known.add(key);
    return [
      { callId: key.slice(0, 16), command: unquoted(match[1] ?? ''), reason: unquoted(match[2] ?? '') },
    ];
  }
}

/** An output is a text, or a list of contents. */
function textsOf(output: unknown): string[] {
  if (typeof output === 'string') return [output];
  if (!Array.isArray(output)) return [];
  return output.flatMap((content: unknown) => {
    const text = (content as { text?: unknown } | null)?.text;
    return typeof text === 'string' ? [text] : [];
  });
}

/** Quoted twice: as the command within the error, and as the error within the message. */
const unquoted = (text: string): string => unescaped(unescaped(text));

const unescaped = (text: string): string =>
  text.replace(/\\(.)/g, (_, character: string) => ({ n: '\n', t: '\t', r: '\r' })[character] ?? character);
