import type { WorkspaceLimits } from '../workspace-limits.js';
import { bytesOfPage, type ChangedFilesPage, type ListedFile } from './changed-files-page.js';
import { pathText } from './path-text.js';

interface Entry {
  diff: string;
  page: Promise<ChangedFilesPage>;
  /** null while the page is being read. */
  read: { page: ChangedFilesPage; bytes: number } | null;
}

/** The pages that were read last, and those being read now. Everyone who asks for the same page shares it. */
export class PageCache {
  private readonly entries = new Map<string, Entry>();
  private bytes = 0;

  constructor(private readonly limits: Pick<WorkspaceLimits, 'diffCacheBytes'>) {}

  /** @param diff names the diff, and `range` the part of it */
  get(diff: string, range: string, read: () => Promise<ChangedFilesPage>): Promise<ChangedFilesPage> {
    const key = `${diff} ${range}`;
    const entry = this.entries.get(key) ?? { diff, page: read(), read: null };
    const isNew = !this.entries.delete(key);
    this.entries.set(key, entry);
    if (isNew) {
      entry.page.then(
        (page) => this.keep(entry, page),
        () => this.entries.delete(key),
      );
    }
    return entry.page;
  }

  /** A file of the cached pages of a diff. */
  findFile(diff: string, path: string): ListedFile | undefined {
    for (const entry of this.entries.values()) {
      if (entry.diff !== diff) continue;
      const file = entry.read?.page.files.find(({ name }) => pathText(name) === path);
      if (file) return file;
    }
    return undefined;
  }

  private keep(entry: Entry, page: ChangedFilesPage): void {
    entry.read = { page, bytes: bytesOfPage(page) };
    this.bytes += entry.read.bytes;
    for (const [key, oldest] of this.entries) {
      if (this.bytes <= this.limits.diffCacheBytes) break;
      if (oldest.read === null) continue;
      this.entries.delete(key);
      this.bytes -= oldest.read.bytes;
    }
  }
}
