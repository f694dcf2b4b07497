import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { AuditLog, type NewAuditEntry } from './audit-log.js';

/** For so long after an entry, the same is only counted. */
const WINDOW_MS = 60_000;
/** Different ones that are counted at the same time. Beyond that, the oldest one's window ends early. */
const MAX_WINDOWS = 10_000;

interface Window {
  /** The last repetition, and how many there were; null: none so far. */
  repeated: { entry: NewAuditEntry; count: number } | null;
  timer: NodeJS.Timeout;
}

/**
 * Entries about what somebody could repeat without end: the table must not fill up with them, and none is lost either.
 *
 *     first of its kind ──► an entry at once
 *     again within a minute ──► counted ──► one entry at the end of the minute, with the last one's details
 *
 * Of a kind is what has the same tenant, actor (or target, if nobody knows the actor), credential, action and outcome. Each backend counts for itself.
 */
@Injectable()
export class CountedEntries implements OnModuleDestroy {
  private readonly windows = new Map<string, Window>();
  private readonly writing = new Set<Promise<void>>();

  constructor(private readonly log: Pick<AuditLog, 'recordNow'>) {}

  /** Nothing waits for it: an attacker must not learn from the time of an answer whether there is an entry. */
  add(entry: NewAuditEntry): void {
    const kind = JSON.stringify([
      entry.tenantId,
      entry.actor.kind,
      entry.actor.id ?? entry.target?.id,
      entry.credential?.id,
      entry.action,
      entry.problem === undefined,
    ]);
    const open = this.windows.get(kind);
    if (open) {
      open.repeated = { entry, count: (open.repeated?.count ?? 0) + 1 };
      return;
    }
    const [oldest] = this.windows.keys();
    if (oldest !== undefined && this.windows.size >= MAX_WINDOWS) this.end(oldest);
    const timer = setTimeout(() => this.end(kind), WINDOW_MS).unref();
    this.windows.set(kind, { repeated: null, timer });
    this.write(entry);
  }

  /** Writes what has been counted so far. */
  async onModuleDestroy(): Promise<void> {
    for (const kind of this.windows.keys()) this.end(kind);
    await Promise.all(this.writing);
  }

  private end(kind: string): void {
    const window = this.windows.get(kind);
    this.windows.delete(kind);
    clearTimeout(window?.timer);
    if (window?.repeated) this.write({ ...window.repeated.entry, count: window.repeated.count });
  }

  private write(entry: NewAuditEntry): void {
    const written = this.log.recordNow(entry).finally(() => this.writing.delete(written));
    this.writing.add(written);
  }
}
