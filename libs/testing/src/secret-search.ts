/** Finds secrets in any encoding. The same function searches for secrets, which must be absent, and a canary, which must not. */

/** Something that can be read: an environment, a file, a table, an answer. */
export interface Place {
  /** `<kind>:<which>`, such as `environment:runner`. */
  name: string;
  content: string | Buffer;
}

/** By the name of a secret: a pattern that reveals it. */
export type Secrets = Record<string, RegExp>;

/** A prefix of this length reveals a secret too: messages may be truncated. */
const PREFIX_CHARS = 20;
/** A text of fewer characters may occur by chance. */
const MIN_CHARS = 16;

/** Matches a secret in plain text, percent-encoded, in hex and in base64, at any offset within the encoded bytes. */
export function patternOf(secret: string): RegExp {
  const prefix = secret.slice(0, PREFIX_CHARS);
  if (prefix.length < MIN_CHARS) throw new Error('a secret is too short to be recognised');
  const bytes = Buffer.from(prefix);
  const spellings = new Set([
    prefix,
    encodeURIComponent(prefix),
    bytes.toString('hex'),
    ...[0, 1, 2].map((offset) => inBase64(bytes, offset)),
  ]);
  return new RegExp([...spellings].map((text) => text.replace(/[^\w-]/g, '\\$&')).join('|'));
}

/** The base64 characters that do not depend on the bytes before and after. */
function inBase64(bytes: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
}

/** @returns for each secret the sorted names of the places that contain it */
export function search(places: Iterable<Place>, secrets: Secrets): Record<string, string[]> {
  const found = Object.fromEntries(Object.keys(secrets).map((name) => [name, new Set<string>()]));
  for (const { name, content } of places) {
    const text = typeof content === 'string' ? content : content.toString('latin1');
    for (const [secret, pattern] of Object.entries(secrets)) {
      if (pattern.test(text)) found[secret]?.add(name);
    }
  }
  return Object.fromEntries(Object.entries(found).map(([secret, names]) => [secret, [...names].toSorted()]));
}
