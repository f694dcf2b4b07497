import type { DiffFile } from '@saas-codex/contracts/diffs';
import { renderToStaticMarkup } from 'react-dom/server';
import { modeChange, mostRelevant, StatSummary } from '../../../src/entities/session/changed-file.js';

const file = (path: string, more: Partial<DiffFile> = {}): DiffFile => ({
  path,
  old_path: null,
  status: 'modified',
  additions: 1,
  deletions: 0,
  binary: false,
  generated: false,
  ...more,
});
const textOf = (html: string) =>
  html
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();

describe('a summary of changed files', () => {
  it('starts with what people write, by changed lines; binary and generated files come last', () => {
    const files = [
      file('diagram.png', { additions: null, deletions: null, binary: true }),
      file('package-lock.json', { additions: 700, generated: true }),
      file('README.md', { additions: 2 }),
      file('src/app.ts', { additions: 30, deletions: 10 }),
    ];
    expect(mostRelevant(files, 3).map(({ path }) => path)).toEqual([
      'src/app.ts',
      'README.md',
      'diagram.png',
    ]);
  });

  it('counts generated files apart, and says when there is more than was counted', () => {
    const stat = {
      files: 9,
      additions: 1_023,
      deletions: 5,
      generated: { files: 1, additions: 720, deletions: 1 },
    };
    const show = (incomplete: boolean) =>
      textOf(renderToStaticMarkup(<StatSummary stat={{ ...stat, incomplete }} verb="changed" />));
    expect(show(false)).toBe('8 files changed +303 −4 1 generated');
    expect(show(true)).toBe('8+ files changed +303 −4 1+ generated');
  });

  it('says how a mode changed', () => {
    expect(modeChange(file('run.sh', { old_mode: '100644', new_mode: '100755' }))).toBe('644 → 755');
    expect(modeChange(file('a', { old_mode: '100644', new_mode: '100644' }))).toBeNull();
    expect(modeChange(file('a', { new_mode: '100755', status: 'added' }))).toBeNull();
  });
});
