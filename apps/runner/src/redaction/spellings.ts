/*
 * The spellings in which a secret may appear in what a run prints. The case of letters does not matter in them.
 *
 *     as it is · in JSON, and in JSON within JSON · percent-encoded · in hex · in base64, at each offset within other bytes and
 *     in lines · and each of these for the long lines of a text of several lines, such as a private key
 */

/** Characters. A shorter text appears by chance. Spellings are looked up by as many of their first ones. */
const MIN_LENGTH = 8;
/** Characters of a line that is a secret of its own. */
const MIN_LINE_LENGTH = 16;
/** Characters in which `base64` and `openssl` break lines. */
const BASE64_LINES = [76, 64];

/** @returns texts, none of which is empty or very short */
export function spellingsOf(secret: string): string[] {
  const whole = secret.trim();
  const lines = whole.split(/\r?\n/).map((line) => line.trim());
  const texts =
    lines.length === 1 ? [whole] : [whole, ...lines.filter(({ length }) => length >= MIN_LINE_LENGTH)];
  const all = [...texts.flatMap(spellingsOfText), ...brokenBase64(Buffer.from(whole))];
  return [...new Set(all)].filter(({ length }) => length >= MIN_LENGTH);
}

function spellingsOfText(text: string): string[] {
  const bytes = Buffer.from(text);
  const base64 = [0, 1, 2].map((offset) => innerBase64(bytes, offset));
  return [
    text,
    text.toLowerCase(),
    text.toUpperCase(),
    inJson(text),
    inJson(inJson(text)),
    encodeURIComponent(text),
    new URLSearchParams({ '': text }).toString().slice(1),
    bytes.toString('hex'),
    ...base64,
    ...base64.map((one) => one.replaceAll('+', '-').replaceAll('/', '_')),
  ];
}

const inJson = (text: string) => JSON.stringify(text).slice(1, -1);

/** The base64 characters that do not depend on the bytes before and after. */
function innerBase64(bytes: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
}

/** The whole lines, and the rest, of base64 that is broken into lines. */
function brokenBase64(bytes: Buffer): string[] {
  const encoded = innerBase64(bytes, 0);
  return BASE64_LINES.flatMap(
    (width) => encoded.match(new RegExp(`.{${MIN_LINE_LENGTH},${width}}`, 'g')) ?? [],
  );
}

export interface Scanned {
  /** Redacted. */
  safe: string;
  /** May be the beginning of a secret. */
  rest: string;
  hasReplaced: boolean;
}

/** Texts to be found, whatever their case, and what replaces each. A spelling may be long, so patterns hold only its beginning. */
export class Spellings {
  private readonly replacements = new Map<string, string>();
  /** Longest first, so that a part of a spelling does not take its place. */
  private readonly byAnchor = new Map<string, string[]>();
  private readonly byFirst = new Map<string, string[]>();
  private readonly anchors: RegExp | null;
  private readonly longest: number;

  constructor(entries: readonly (readonly [text: string, replacement: string])[]) {
    for (const [text, replacement] of entries) this.replacements.set(lowerCase(text), replacement);
    const texts = [...this.replacements.keys()].toSorted((a, b) => b.length - a.length);
    this.longest = texts[0]?.length ?? 0;
    for (const text of texts) {
      addTo(this.byAnchor, text.slice(0, MIN_LENGTH), text);
      addTo(this.byFirst, text.charAt(0), text);
    }
    this.anchors =
      texts.length === 0 ? null : new RegExp([...this.byAnchor.keys()].map(escaped).join('|'), 'g');
  }

  get isEmpty(): boolean {
    return this.anchors === null;
  }

  replaceIn(text: string): Scanned {
    return this.isEmpty ? { safe: text, rest: '', hasReplaced: false } : this.scan(text, text.length);
  }

  /** Up to where a secret may begin that goes on in the next piece. */
  replaceInPiece(text: string): Scanned {
    return this.isEmpty ? this.replaceIn(text) : this.scan(text, this.beginning(lowerCase(text), 0));
  }

  private scan(text: string, until: number): Scanned {
    const lower = lowerCase(text);
    const isWhole = until === text.length;
    let safe = '';
    let from = 0;
    let end = until;
    for (let at = this.find(lower, 0); at !== null && at.index < end; at = this.find(lower, from)) {
      safe += text.slice(from, at.index) + (this.replacements.get(at.spelling) ?? '');
      from = at.index + at.spelling.length;
      // The secret reached into what looked like the beginning of another one.
      if (!isWhole && from > end) end = this.beginning(lower, from);
    }
    return { safe: safe + text.slice(from, end), rest: text.slice(end), hasReplaced: from > 0 };
  }

  private find(lower: string, from: number): { index: number; spelling: string } | null {
    if (this.anchors === null) return null;
    for (let start = from; ;) {
      this.anchors.lastIndex = start;
      const anchor = this.anchors.exec(lower);
      if (anchor === null) return null;
      const { index } = anchor;
      const spelling = this.byAnchor.get(anchor[0])?.find((one) => lower.startsWith(one, index));
      if (spelling !== undefined) return { index, spelling };
      start = index + 1;
    }
  }

  /** Where, from `from` on, a spelling may begin that the text does not end; the text's length if none does. */
  private beginning(lower: string, from: number): number {
    for (let at = Math.max(from, lower.length - this.longest + 1); at < lower.length; at += 1) {
      const candidates = this.byFirst.get(lower.charAt(at));
      if (candidates === undefined) continue;
      const end = lower.slice(at);
      if (candidates.some((text) => text.length > end.length && text.startsWith(end))) return at;
    }
    return lower.length;
  }
}

function addTo(lists: Map<string, string[]>, key: string, text: string): void {
  const list = lists.get(key);
  if (list) list.push(text);
  else lists.set(key, [text]);
}

/** Keeps the text's length: `İ` alone becomes longer. */
function lowerCase(text: string): string {
  const lower = text.toLowerCase();
  return lower.length === text.length ? lower : text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
