import type { KeepGreen, KeepGreenTry } from '@saas-codex/contracts/keep-green';
import { asCode, withSection } from '../body-sections.js';

const SHORT = 10;

/** @param keep null, or without a try: nothing is said */
export const withTries = (body: string, keep: KeepGreen | null): string =>
  withSection(body, 'tries', keep && keep.tries.length > 0 ? linesOf(keep) : null);

function linesOf({ by, tries, max_tries: max, stopped }: KeepGreen): string[] {
  return [
    `**Kept green by saas-codex** for ${asCode(by.name ?? by.id)}: ${tries.length} of ${max} tries.`,
    '',
    ...tries.map(lineOf),
    ...(stopped ? ['', `It has stopped. ${stopped.detail}`] : []),
  ];
}

function lineOf({ failed, commit, pushed, state }: KeepGreenTry, index: number): string {
  const what = failed.length > 0 ? `${failed.map(asCode).join(', ')} failed` : 'A conflict with the base';
  const became = pushed === null ? state.replace('_', ' ') : `mended in ${pushed.slice(0, SHORT)}`;
  return `${index + 1}. ${what} on ${commit.slice(0, SHORT)}: ${became}`;
}
