/** Looks for secrets in anything, however they are spelled: one function for what must not be found and for what must. */

/** Something that can be read: an environment, a file, a table, an answer. */
export interface Place {
  /** `<kind>:<which>`, such as `environment:runner`. */
  name: string;
  content: string | Buffer;
}

/** A secret's name, and what gives it away. */
export type Secrets = Record<string, RegExp>;

/** A beginning of this length gives a secret away too: messages are cut short. */
const TELLING_CHARS = 20;

/** Matches a secret as it is, in an address, and in base64 and hex, at any place within what is encoded. */
export function patternOf(secret: string): RegExp {
  const telling = secret.slice(0, TELLING_CHARS);
  if (telling.length < TELLING_CHARS) throw new Error('too short to be told from other text');
  const bytes = Buffer.from(telling);
  const spellings = new Set([
    telling,
    encodeURIComponent(telling),
    bytes.toString('hex'),
    ...[0, 1, 2].map((offset) => inBase64(bytes, offset)),
  ]);
  return new RegExp([...spellings].map((text) => text.replace(/[^\w-]/g, '\\$&')).join('|'));
}

/** The characters that are the same whatever stands around the bytes. */
function inBase64(bytes: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
}

/** @returns for each secret the names of the places that hold it, sorted */
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
