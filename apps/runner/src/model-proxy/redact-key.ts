import { pipeline, type Readable, Transform, type TransformCallback } from 'node:stream';

/** A shorter "key" is a word that local servers want to see; cutting it out would tear answers apart. */
const MIN_KEY_CHARS = 16;
const STAND_IN = Buffer.from('[key]');

/**
 * What an upstream says, without the key: some servers repeat it in their errors, and Codex writes down whatever it
 * is told, where an agent can read it.
 */
export function redactKey(answer: Readable, apiKey: string | undefined): Readable {
  if (apiKey === undefined || apiKey.length < MIN_KEY_CHARS) return answer;
  // Who reads the result learns how it ended.
  return pipeline(answer, new KeyRedactor(Buffer.from(apiKey)), () => undefined);
}

/** Passes everything on at once but the end of a chunk that may be the beginning of the key. */
class KeyRedactor extends Transform {
  private held = Buffer.alloc(0);

  constructor(private readonly key: Buffer) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    let rest = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
    for (let at = rest.indexOf(this.key); at >= 0; at = rest.indexOf(this.key)) {
      this.push(rest.subarray(0, at));
      this.push(STAND_IN);
      rest = rest.subarray(at + this.key.length);
    }
    const held = this.beginningOfKey(rest);
    this.held = Buffer.from(rest.subarray(held));
    this.push(rest.subarray(0, held));
    done();
  }

  override _flush(done: TransformCallback): void {
    done(null, this.held);
  }

  /** Where the key may begin at the end of the bytes; their length when it cannot. */
  private beginningOfKey(bytes: Buffer): number {
    for (let at = Math.max(0, bytes.length - this.key.length + 1); at < bytes.length; at += 1) {
      if (bytes.subarray(at).equals(this.key.subarray(0, bytes.length - at))) return at;
    }
    return bytes.length;
  }
}
