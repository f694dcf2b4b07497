import { pipeline, type Readable, Transform, type TransformCallback } from 'node:stream';

/** A shorter "key" is a dummy for local servers. It may be a common word, so removing it would damage responses. */
const MIN_KEY_CHARS = 16;
const REPLACEMENT = Buffer.from('[key]');

/**
 * Replaces the key in a response. Some servers repeat it in their errors, and Codex stores errors where an agent can read them.
 */
export function redactKey(answer: Readable, apiKey: string | undefined): Readable {
  if (apiKey === undefined || apiKey.length < MIN_KEY_CHARS) return answer;
  // The reader of the result gets the error.
  return pipeline(answer, new KeyRedactor(Buffer.from(apiKey)), () => undefined);
}

/** Passes bytes on at once, except for the end of a chunk that may be the beginning of the key. */
class KeyRedactor extends Transform {
  private pending = Buffer.alloc(0);

  constructor(private readonly key: Buffer) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    let rest = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    for (let at = rest.indexOf(this.key); at >= 0; at = rest.indexOf(this.key)) {
      this.push(rest.subarray(0, at));
      this.push(REPLACEMENT);
      rest = rest.subarray(at + this.key.length);
    }
    const keyStart = this.beginningOfKey(rest);
    this.pending = Buffer.from(rest.subarray(keyStart));
    this.push(rest.subarray(0, keyStart));
    done();
  }

  override _flush(done: TransformCallback): void {
    done(null, this.pending);
  }

  /** Returns where the key may begin at the end of the bytes; their length if it cannot. */
  private beginningOfKey(bytes: Buffer): number {
    for (let at = Math.max(0, bytes.length - this.key.length + 1); at < bytes.length; at += 1) {
      if (bytes.subarray(at).equals(this.key.subarray(0, bytes.length - at))) return at;
    }
    return bytes.length;
  }
}
