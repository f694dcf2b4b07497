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
  /** null for a binary file. */
  additions: number | null;
  deletions: number | null;
}

export const SUBMODULE_MODE = '160000';

const RAW = /^:(\d{6}) (\d{6}) ([0-9a-f]{40}) ([0-9a-f]{40}) ([A-Z])(\d*)$/;
const COUNTS = /^(\d+|-)\t(\d+|-)\t/;

/**
 * Parses `diff-tree -z --raw --numstat`: a raw entry for each file, and then the counts in the same order.
 *
 *     :100644 100644 <oid> <oid> M \0 path \0        3 \t 1 \t path \0
 *     :100644 100644 <oid> <oid> R90 \0 old \0 new \0   3 \t 1 \t \0 old \0 new \0
 */
export function parseChangedFiles(output: Buffer): ChangedFile[] {
  const fields = new Fields(output);
  const files: ChangedFile[] = [];
  while (fields.startsWith(':')) files.push(readRaw(fields));
  for (const file of files) readCounts(fields, file);
  return files;
}

function readRaw(fields: Fields): ChangedFile {
  const head = RAW.exec(fields.next().toString('latin1'));
  if (!head) throw new Error('git diff-tree printed an entry that cannot be read.');
  const [, oldMode = '', newMode = '', oldOid = '', newOid = '', status = '', score = ''] = head;
  const first = fields.next();
  const renamed = status === 'R';
  return {
    name: renamed ? fields.next() : first,
    oldName: renamed ? first : null,
    status,
    score: renamed ? Number(score) : null,
    oldMode,
    newMode,
    oldOid,
    newOid,
    additions: null,
    deletions: null,
  };
}

function readCounts(fields: Fields, file: ChangedFile): void {
  const field = fields.next();
  const [counts = '', additions = '-', deletions = '-'] = COUNTS.exec(field.toString('latin1')) ?? [];
  if (counts === '') throw new Error('git diff-tree printed counts that cannot be read.');
  if (field.length === counts.length) {
    fields.next();
    fields.next();
  }
  file.additions = additions === '-' ? null : Number(additions);
  file.deletions = deletions === '-' ? null : Number(deletions);
}

/** Reads fields that end in a NUL. */
class Fields {
  private position = 0;

  constructor(private readonly bytes: Buffer) {}

  startsWith(character: string): boolean {
    return this.bytes[this.position] === character.charCodeAt(0);
  }

  next(): Buffer {
    const end = this.bytes.indexOf(0, this.position);
    if (end < 0) throw new Error('git diff-tree printed less than it announced.');
    const field = this.bytes.subarray(this.position, end);
    this.position = end + 1;
    return field;
  }
}
