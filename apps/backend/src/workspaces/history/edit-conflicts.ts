import type { EditConflict } from '@saas-codex/contracts/problems';
import { ProblemError } from '@saas-codex/service-kit/problem';

/** Conflicts that a problem names. */
export const MAX_CONFLICTS = 20;

/** @param conflicts at least one */
export function conflict(conflicts: EditConflict[]): ProblemError {
  const shown = conflicts.slice(0, MAX_CONFLICTS);
  const names = shown.slice(0, 3).map(describeConflict).join(', ');
  const rest = conflicts.length > 3 ? ' and other files' : '';
  const detail = `Nothing was changed, since it does not fit ${names}${rest}. Look at the files as they are now, then try again.`;
  return new ProblemError('edit_conflict', detail, { conflicts: shown });
}

function describeConflict({ path, hunks: [first] }: EditConflict): string {
  return first ? `“${path}” at line ${first.start}` : `“${path}”`;
}

const FAILED_AT = /^error: patch failed: (.*):(\d+)$/gm;
const NAMED = /^error: (.*): (?:patch does not apply|does not exist in index|already exists in index)$/gm;
const CORRUPT = /corrupt (?:binary )?patch at line (\d+)/;

/** Why `git apply` did not take a patch. It changes nothing then. */
export function refusalOf(stderr: string): ProblemError {
  const places = new Map<string, number[]>();
  for (const [, path = ''] of stderr.matchAll(NAMED)) places.set(path, []);
  for (const [, path = '', line] of stderr.matchAll(FAILED_AT))
    places.set(path, [...(places.get(path) ?? []), Number(line)]);
  if (places.size > 0)
    return conflict(
      [...places].map(([path, lines]) => ({ path, hunks: lines.map((start) => ({ start, lines: 1 })) })),
    );
  const line = CORRUPT.exec(stderr)?.[1];
  return new ProblemError(
    'patch_invalid',
    line === undefined
      ? 'Paste what `git diff` or `git format-patch` has written, whole and unchanged.'
      : `Line ${line} does not fit the lines before it. Paste the whole patch, unchanged.`,
  );
}
