import { isUtf8 } from 'node:buffer';
import { type ChangedFile, SUBMODULE_MODE } from './changed-files.js';
import { quoted } from './path-text.js';

const NO_MODE = '000000';

/**
 * The header of a file's patch, as git writes it. We make it ourselves, because we ask git for the difference of two
 * blobs and not of a path: paths need not be UTF-8, and Node cannot pass other bytes as an argument.
 */
export function patchHeader(file: ChangedFile): string {
  const oldPath = patchPath('a/', file.oldName ?? file.name);
  const newPath = patchPath('b/', file.name);
  const lines = [`diff --git ${oldPath} ${newPath}`, ...modeLines(file)];
  if (file.oldName) {
    lines.push(`similarity index ${file.score}%`, `rename from ${oldPath.replace('a/', '')}`);
    lines.push(`rename to ${newPath.replace('b/', '')}`);
  }
  if (file.oldOid !== file.newOid) {
    lines.push(`--- ${file.oldMode === NO_MODE ? '/dev/null' : oldPath}`);
    lines.push(`+++ ${file.newMode === NO_MODE ? '/dev/null' : newPath}`);
  }
  return `${lines.join('\n')}\n`;
}

function modeLines({ oldMode, newMode }: ChangedFile): string[] {
  if (oldMode === NO_MODE) return [`new file mode ${newMode}`];
  if (newMode === NO_MODE) return [`deleted file mode ${oldMode}`];
  return oldMode === newMode ? [] : [`old mode ${oldMode}`, `new mode ${newMode}`];
}

/** The change of a submodule's commit, as git shows it. null: neither side is a submodule. */
export function submoduleHunk(file: ChangedFile): string | null {
  const before = file.oldMode === SUBMODULE_MODE ? `-Subproject commit ${file.oldOid}\n` : '';
  const after = file.newMode === SUBMODULE_MODE ? `+Subproject commit ${file.newOid}\n` : '';
  if (before === '' && after === '') return null;
  return `@@ -${before ? '1' : '0,0'} +${after ? '1' : '0,0'} @@\n${before}${after}`;
}

/** Whether git's output says that the two sides are binary files. */
export const isBinary = (output: string): boolean =>
  /^Binary files .* differ\n$/m.test(output.slice(0, 2_000));

/** The hunks of git's output, without git's own header, which names blobs. */
export function hunksOf(output: string): string {
  const start = output.startsWith('@@ ') ? 0 : output.indexOf('\n@@ ') + 1;
  return start === 0 && !output.startsWith('@@ ') ? '' : output.slice(start);
}

/** Drops an incomplete last line. */
export const wholeLines = (text: string): string => text.slice(0, text.lastIndexOf('\n') + 1);

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** A path in the header of a patch. There git also quotes control characters, quotes and backslashes. */
function patchPath(prefix: 'a/' | 'b/', name: Buffer): string {
  const path = Buffer.concat([Buffer.from(prefix), name]);
  return isUtf8(path) && !path.some(needsQuotes) ? path.toString('utf8') : quoted(path);
}

const needsQuotes = (byte: number) => byte < 0x20 || byte === 0x7f || byte === QUOTE || byte === BACKSLASH;
