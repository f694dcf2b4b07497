import { constants } from 'node:fs';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isTerminalEventType } from '@saas-codex/contracts/events';
import type { LogEntry } from './run-log.scripts.js';

/*
 * A run's durable events on disk, so that a Redis that lost some of them, or all, is filled again.
 *
 *     <number> <writer> <type> <event JSON>     a line per event, written before Redis is asked to take it
 *
 * Redis may have refused a line: its writer was a stale one, or died first. So
 *   - of two lines with one number the later counts: the earlier was never in the log;
 *   - nothing counts behind a terminal event;
 *   - a line that was cut off, by a crash or a full disk, does not count.
 *
 * Making the file is also the run's claim, which lasts when Redis has forgotten everything. Only the log's first event makes
 * it, so that a writer that wakes up when the log is archived finds none and leaves none. A session whose workspace is not
 * there, or not any more, has no spool.
 */

export interface SpooledEntry extends LogEntry {
  seq: number;
}

/** Of the file; the longest event is half of it. */
const LONGEST_END = 1024 * 1024;
const LINE = /^(\d+) (\S+) (\S+) (\{.*\})$/s;
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW;
const CREATE = APPEND | constants.O_CREAT | constants.O_EXCL;

export class RunSpool {
  constructor(private readonly path: string) {}

  /** Makes the file with the run's first event. @returns false when there is one already */
  async create(entry: SpooledEntry): Promise<boolean> {
    try {
      await mkdir(dirname(this.path), { mode: 0o700 }).catch((error: unknown) => {
        if (codeOf(error) !== 'EEXIST') throw error;
      });
      await this.write(entry, CREATE);
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      if (codeOf(error) !== 'ENOENT') throw error;
    }
    return true;
  }

  /** Does nothing when there is no file. */
  async append(entry: SpooledEntry): Promise<void> {
    try {
      await this.write(entry, APPEND);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }

  /** What counts, in order; empty when there is no file. */
  async read(): Promise<SpooledEntry[]> {
    const text = await readFile(this.path, 'utf8').catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return '';
      throw error;
    });
    const counting: SpooledEntry[] = [];
    for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
      const [, seq, writer, type, event] = LINE.exec(line) ?? [];
      if (!seq || !writer || !type || !event) continue;
      const index = Number(seq) - 1;
      if (index > counting.length) break;
      counting.splice(index, Infinity, { seq: Number(seq), writer, type, event });
      if (isTerminalEventType(type)) break;
    }
    return counting;
  }

  /** The number of the last whole line, from the file's end alone; 0: there is none there. */
  async lastSeq(): Promise<number> {
    const file = await open(this.path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return null;
      throw error;
    });
    if (file === null) return 0;
    try {
      const { size } = await file.stat();
      const end = Buffer.alloc(Math.min(size, LONGEST_END));
      await file.read(end, 0, end.length, size - end.length);
      const numbers = [...end.toString('latin1').matchAll(/\n(\d+) \S+ \S+ \{.*\}(?=\n)/g)];
      return Number(numbers.at(-1)?.[1] ?? 0);
    } finally {
      await file.close();
    }
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }

  /** Begins with a line break, so that a line that was cut off before cannot swallow this one. */
  private async write({ seq, writer, type, event }: SpooledEntry, flags: number): Promise<void> {
    const file = await open(this.path, flags, 0o600);
    try {
      await file.appendFile(`\n${seq} ${writer} ${type} ${event}\n`);
    } finally {
      await file.close();
    }
  }
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;
