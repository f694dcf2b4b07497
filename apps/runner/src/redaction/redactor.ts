import { Transform, type TransformCallback } from 'node:stream';
import { type Scanned, Spellings, spellingsOf } from './spellings.js';

/*
 * Replaces secrets in what leaves the runner, and in what an agent could read: the one mechanism for the model key and for the
 * secrets of a run.
 *
 *     event ────► redactAll ──► every text in it
 *     delta ────► stream().push ──► what may be shown now; the possible beginning of a secret waits for the next one
 *     response ─► bytes() ──► the same for bytes
 */

export interface KnownSecret {
  value: string;
  /** What stands in its place. */
  replacement: string;
}

export class Redactor {
  private readonly texts: Spellings;
  private readonly ofBytes: Spellings;

  constructor(secrets: readonly KnownSecret[]) {
    const spellings = secrets.flatMap(({ value, replacement }) =>
      spellingsOf(value).map((text) => [text, replacement] as const),
    );
    this.texts = new Spellings(spellings);
    this.ofBytes = new Spellings(
      spellings.map(([text, replacement]) => [Buffer.from(text).toString('latin1'), replacement]),
    );
  }

  redact(text: string): string {
    return this.texts.replaceIn(text).safe;
  }

  /** A copy of a JSON value in which every text, keys excepted, is redacted. */
  redactAll<T>(value: T): T {
    return (this.texts.isEmpty ? value : this.copy(value)) as T;
  }

  /** For a text that comes in pieces. */
  stream(): RedactedStream {
    return new RedactedStream(this.texts);
  }

  /** For bytes that come in pieces. */
  bytes(): RedactingTransform {
    return new RedactingTransform(this.ofBytes);
  }

  get isEmpty(): boolean {
    return this.texts.isEmpty;
  }

  private copy(value: unknown): unknown {
    if (typeof value === 'string') return this.redact(value);
    if (Array.isArray(value)) return value.map((each) => this.copy(each));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.copy(each)]));
  }
}

export const NO_SECRETS = new Redactor([]);

/** A text in pieces. Each is passed on at once, but for an end that may be the beginning of a secret. */
export class RedactedStream {
  private rest = '';
  private replaced = false;

  constructor(private readonly spellings: Spellings) {}

  /** Whether a secret was found so far. */
  get hasReplaced(): boolean {
    return this.replaced;
  }

  /** @returns what may be shown now */
  push(piece: string): string {
    return this.take(this.spellings.replaceInPiece(this.rest + piece));
  }

  /** @returns what was held back; nothing follows */
  end(): string {
    return this.take(this.spellings.replaceIn(this.rest));
  }

  private take({ safe, rest, hasReplaced }: Scanned): string {
    this.rest = rest;
    this.replaced ||= hasReplaced;
    return safe;
  }
}

export class RedactingTransform extends Transform {
  private readonly text: RedactedStream;

  constructor(spellings: Spellings) {
    super();
    this.text = new RedactedStream(spellings);
  }

  get hasReplaced(): boolean {
    return this.text.hasReplaced;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.pass(this.text.push(chunk.toString('latin1')));
    done();
  }

  override _flush(done: TransformCallback): void {
    this.pass(this.text.end());
    done();
  }

  private pass(text: string): void {
    if (text !== '') this.push(Buffer.from(text, 'latin1'));
  }
}
