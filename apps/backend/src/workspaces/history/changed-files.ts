/** A file that differs between two trees. Names are bytes. */
export interface ChangedFile {
  name: Buffer;
  /** The name before a rename. */
  oldName: Buffer | null;
  /** A (added), M (modified), D (deleted), R (renamed) or T (type changed). */
  status: string;
  /** How similar the two sides of a rename are, in percent. */
  score: number | null;
  oldMode: string;
  newMode: string;
  oldOid: string;
  newOid: string;
}

/** The number of changed lines; null for a binary file. */
export interface LineCount {
  additions: number;
  deletions: number;
}

export const SUBMODULE_MODE = '160000';

const RAW = /^:(\d{6}) (\d{6}) ([0-9a-f]{40}) ([0-9a-f]{40}) ([A-Z])(\d*)$/;
const COUNTS = /^(\d+|-)\t(\d+|-)\t/;
const COLON = 0x3a;
/** Far above every path that a system accepts. */
const MAX_FIELD_BYTES = 256 * 1024;

export interface ChangedFileListener {
  /** Called for each file, in git's order. The names are valid during the call only. */
  onFile: (file: ChangedFile, index: number) => void;
  /** Called for each file, after all calls of `onFile`. */
  onCounts?: (name: Buffer, count: LineCount | null, index: number) => void;
}

/**
 * Parses the output of `diff-tree -z --raw --numstat` while git prints it: a raw entry for each file, and then the
 * counts in the same order. It keeps nothing but the part of a field that is not complete yet.
 *
 *     :100644 100644 <oid> <oid> M \0 path \0        3 \t 1 \t path \0
 *     :100644 100644 <oid> <oid> R90 \0 old \0 new \0   3 \t 1 \t \0 old \0 new \0
 */
export class ChangedFileParser {
  private rest: Buffer = Buffer.alloc(0);
  private files = 0;
  private counted = 0;

  constructor(private readonly listener: ChangedFileListener) {}

  push(chunk: Buffer): void {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const fields = new Fields(bytes);
    let position = 0;
    while (this.readEntry(fields)) position = fields.position;
    this.rest = Buffer.from(bytes.subarray(position));
    if (this.rest.length > 3 * MAX_FIELD_BYTES)
      throw new Error('git diff-tree printed a name that is too long.');
  }

  /** @returns false when the entry is not complete yet */
  private readEntry(fields: Fields): boolean {
    const head = fields.next();
    if (head === null) return false;
    return head[0] === COLON ? this.readFile(head, fields) : this.readCounts(head, fields);
  }

  private readFile(head: Buffer, fields: Fields): boolean {
    const match = RAW.exec(head.toString('latin1'));
    if (!match) throw new Error('git diff-tree printed an entry that cannot be read.');
    const [, oldMode = '', newMode = '', oldOid = '', newOid = '', status = '', score = ''] = match;
    const renamed = status === 'R';
    const first = fields.next();
    const name = renamed ? fields.next() : first;
    if (first === null || name === null) return false;
    const file = { name, oldName: renamed ? first : null, status, score: renamed ? Number(score) : null };
    this.listener.onFile({ ...file, oldMode, newMode, oldOid, newOid }, this.files++);
    return true;
  }

  private readCounts(head: Buffer, fields: Fields): boolean {
    const [counts = '', additions, deletions] = COUNTS.exec(head.toString('latin1')) ?? [];
    if (counts === '') throw new Error('git diff-tree printed counts that cannot be read.');
    let name: Buffer | null = head.subarray(counts.length);
    if (name.length === 0 && (fields.next() === null || (name = fields.next()) === null)) return false;
    const count = additions === '-' ? null : { additions: Number(additions), deletions: Number(deletions) };
    this.listener.onCounts?.(name, count, this.counted++);
    return true;
  }
}

/** A copy that does not keep the output alive which it was read from. */
export function copyOf(file: ChangedFile): ChangedFile {
  return { ...file, name: copyBytes(file.name), oldName: file.oldName && copyBytes(file.oldName) };
}

function copyBytes(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

/** Reads fields that end in a NUL. */
class Fields {
  position = 0;

  constructor(private readonly bytes: Buffer) {}

  /** @returns null when the field has no end yet */
  next(): Buffer | null {
    const end = this.bytes.indexOf(0, this.position);
    if (end < 0) return null;
    const field = this.bytes.subarray(this.position, end);
    this.position = end + 1;
    return field;
  }
}
