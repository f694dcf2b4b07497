import { constants } from 'node:fs';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isTerminalEventType } from '@saas-codex/contracts/events';
import type { LogEntry } from './run-log.scripts.js';

/*
 * A run's durable events on disk. When Redis has lost some or all of them, it gets them again from here.
 *
 *     <number> <writer> <type> <event JSON>     a line per event, written before Redis is asked to take it
 *
 * Redis may have refused a line because its writer was stale, or the writer may have died before it asked. So
 *   - of two lines with the same number the later counts: the earlier was never in the log;
 *   - nothing counts after a terminal event;
 *   - a line that was cut off, by a crash or a full disk, does not count.
 *
 * Creating the file also claims the run, and that claim survives a Redis that has forgotten everything. Only the log's first
 * event creates the file, so a writer that wakes up after the log was archived finds no file and leaves none. A session
 * without a workspace has no spool.
 */

export interface SpooledEntry extends LogEntry {
  seq: number;
}

/** How many bytes at the file's end hold its last event for sure; the longest event is half of that. */
const TAIL_BYTES = 1024 * 1024;
const LINE = /^(\d+) (\S+) (\S+) (\{.*\})$/s;
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW;
const CREATE = APPEND | constants.O_CREAT | constants.O_EXCL;

export class RunSpool {
  constructor(private readonly path: string) {}

  /** Creates the file with the run's first event. @returns false when it exists already */
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
  async appendLine(entry: SpooledEntry): Promise<void> {
    try {
      await this.write(entry, APPEND);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }

  /** The entries that count, in order; empty when there is no file. */
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

  /** The number of the last whole line, read from the file's end; 0: there is none. */
  async lastSeq(): Promise<number> {
    const file = await open(this.path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return null;
      throw error;
    });
    if (file === null) return 0;
    try {
      const { size } = await file.stat();
      const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
      await file.read(tail, 0, tail.length, size - tail.length);
      const numbers = [...tail.toString('latin1').matchAll(/\n(\d+) \S+ \S+ \{.*\}(?=\n)/g)];
      return Number(numbers.at(-1)?.[1] ?? 0);
    } finally {
      await file.close();
    }
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }

  /** Begins with a line break, so that this line does not become part of a line that was cut off. */
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
