import { type ChangedFile, SUBMODULE_MODE } from './changed-files.js';
import { patchPath } from './path-text.js';

const NO_MODE = '000000';

/**
 * The head of a file's patch, as git writes it. It is made here, because git is asked for the difference of two
 * blobs and not of a path: paths need not be UTF-8, which no argument of a Node process can carry.
 */
export function patchHead(file: ChangedFile): string {
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

/** The commit that a submodule stands on, as git shows it; null when neither side is a submodule. */
export function submoduleHunk(file: ChangedFile): string | null {
  const before = file.oldMode === SUBMODULE_MODE ? `-Subproject commit ${file.oldOid}\n` : '';
  const after = file.newMode === SUBMODULE_MODE ? `+Subproject commit ${file.newOid}\n` : '';
  if (before === '' && after === '') return null;
  return `@@ -${before ? '1' : '0,0'} +${after ? '1' : '0,0'} @@\n${before}${after}`;
}

/** The hunks of what git printed, without its own head, which names blobs. */
export function hunksOf(output: string): string {
  const start = output.startsWith('@@ ') ? 0 : output.indexOf('\n@@ ') + 1;
  return start === 0 && !output.startsWith('@@ ') ? '' : output.slice(start);
}

/** Cuts after the last whole line. */
export const wholeLines = (text: string): string => text.slice(0, text.lastIndexOf('\n') + 1);
