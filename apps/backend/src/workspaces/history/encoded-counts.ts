import type { DiffStat } from '@saas-codex/contracts/diffs';
import { addLines, type ChangedFilesPage } from './changed-files-page.js';
import type { ChangedFile } from './changed-files.js';
import type { EncodedTexts } from './encoded-texts.js';

/** Two trees of a session. */
interface Trees {
  sessionId: string;
  from: string;
  to: string;
}

const NO_MODE = '000000';

/** Counts the lines of texts that git takes for binary files, or for other characters. */
export class EncodedCounts {
  constructor(private readonly texts: EncodedTexts) {}

  /** Of the files of a page, and adds them to its totals. */
  async countPage(trees: Trees, { files, stat }: ChangedFilesPage): Promise<void> {
    const uncounted = files.filter(({ lines }) => lines === null);
    for (const [file, lines] of await this.addToTotals(trees, byFile(uncounted), stat)) file.lines = lines;
  }

  /** @returns the files that are encoded texts, with their lines */
  async addToTotals<F extends ChangedFile>(
    trees: Trees,
    files: ReadonlyMap<F, { generated: boolean }>,
    stat: DiffStat,
  ) {
    if (files.size === 0) return [];
    const declared = await this.declaredEncodings(trees, [...files.keys()]);
    const counts = [...(await this.texts.countLines(trees.sessionId, [...files.keys()], declared))];
    for (const [file, lines] of counts) {
      addLines(stat, lines);
      if (stat.generated && files.get(file)?.generated) addLines(stat.generated, lines);
    }
    return counts;
  }

  /** A file that is gone has its attributes in the tree before. */
  async declaredEncodings<F extends ChangedFile>(
    { sessionId, from, to }: Trees,
    files: readonly F[],
  ): Promise<Map<F, string>> {
    const isGone = ({ newMode }: F) => newMode === NO_MODE;
    const [gone, there] = [files.filter(isGone), files.filter((file) => !isGone(file))];
    return new Map([
      ...(await this.texts.declaredEncodings(sessionId, from, gone)),
      ...(await this.texts.declaredEncodings(sessionId, to, there)),
    ]);
  }
}

const byFile = <F>(files: readonly F[]): Map<F, F> => new Map(files.map((file) => [file, file]));
