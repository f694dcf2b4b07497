import { OutputLimitError } from '../port/engine.js';

/** Bytes of one line. Codex cuts the outputs of commands to far less. */
const MAX_LINE_BYTES = 8 * 1024 * 1024;
const NEWLINE = 10;

/** Splits what Codex prints into lines of limited length: the model server and the agent decide how long they are. */
export class LineSplitter {
  private readonly parts: Buffer[] = [];
  private bytes = 0;

  /**
   * @returns the lines that are complete now
   * @throws OutputLimitError
   */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.keep(chunk.subarray(start, end));
      lines.push(this.takeLine());
      start = end + 1;
    }
    this.keep(chunk.subarray(start));
    return lines;
  }

  private keep(part: Buffer): void {
    this.bytes += part.length;
    if (this.bytes > MAX_LINE_BYTES)
      throw new OutputLimitError(`Codex printed a line of more than ${MAX_LINE_BYTES} bytes`);
    if (part.length > 0) this.parts.push(part);
  }

  private takeLine(): string {
    const line = Buffer.concat(this.parts).toString('utf8');
    this.parts.length = 0;
    this.bytes = 0;
    return line;
  }
}
