import type { Entry } from './run-timeline.js';

/**
 * The rows of a run's work. Many commands in a row become one row that opens to them:
 *
 *     command × 64 ─► "Ran 64 commands ▸"      failed command, message, edit, … ─► a row each
 */
export type WorkRow = EntryRow | CommandGroup;

interface EntryRow {
  readonly kind: 'entry';
  readonly key: string;
  readonly entry: Entry;
  /** It belongs to the open group above it. */
  readonly grouped: boolean;
}

export interface CommandGroup {
  readonly kind: 'commands';
  readonly key: string;
  readonly commands: readonly Entry[];
  readonly open: boolean;
}

interface WorkRowsOptions {
  /** The run is in progress: its last steps stay visible. */
  live: boolean;
  isOpen: (groupKey: string) => boolean;
  /** Keys of entries that the reader has opened. They do not vanish into a closed group. */
  opened: ReadonlySet<string>;
}

/** Fewer commands are easier to read as they are. */
const GROUP_FROM = 10;
const LIVE_STEPS = 3;

export function workRows(entries: readonly Entry[], { live, isOpen, opened }: WorkRowsOptions): WorkRow[] {
  const rows: WorkRow[] = [];
  const groupable = live ? entries.length - LIVE_STEPS : entries.length;
  for (let from = 0; from < entries.length;) {
    const first = entries[from];
    if (!first) break;
    const key = `commands:${first.key}`;
    const open = isOpen(key);
    let to = from;
    while (to < groupable && belongs(entries[to], open ? NONE : opened)) to += 1;
    if (to - from < GROUP_FROM) {
      to = Math.max(to, from + 1);
      rows.push(...entries.slice(from, to).map((entry) => entryRow(entry, false)));
      from = to;
      continue;
    }
    const commands = entries.slice(from, to);
    rows.push({ kind: 'commands', key, commands, open });
    if (open) rows.push(...commands.map((entry) => entryRow(entry, true)));
    from = to;
  }
  return rows;
}

const NONE: ReadonlySet<string> = new Set();

const entryRow = (entry: Entry, grouped: boolean): EntryRow => ({
  kind: 'entry',
  key: entry.key,
  entry,
  grouped,
});

/** A command that succeeded says little by itself. */
function belongs(entry: Entry | undefined, opened: ReadonlySet<string>): boolean {
  if (entry?.kind !== 'item' || entry.completedAt === null || !entry.item.known) return false;
  const { value } = entry.item;
  return value.type === 'command_execution' && value.exit_code === 0 && !opened.has(entry.key);
}
