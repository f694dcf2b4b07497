import type { KeepGreen, KeepGreenStop, KeepGreenTry } from '@saas-codex/contracts/keep-green';
import { asCode, withSection } from '../body-sections.js';

const SHORT = 10;

/** The whole world may read a pull request: what exactly went wrong is for those who read the session. */
const WHY: Record<KeepGreenStop, string> = {
  tries: 'it has had its tries',
  money: 'it has cost what it may cost',
  somebody_committed: 'somebody else has pushed',
  taken_over: 'a person goes on in the session',
  run_ended: 'Codex’s run did not end well',
  nothing_changed: 'Codex has changed no file',
  checks_failed: 'the checks before the push have not passed',
  push_failed: 'the push did not succeed',
  not_allowed: 'who asked for it may no longer ship',
};

/** @param keep null, or without a try: nothing is said */
export const withTries = (body: string, keep: KeepGreen | null): string =>
  withSection(body, 'tries', keep && keep.tries.length > 0 ? linesOf(keep) : null);

function linesOf({ by, tries, max_tries: max, stopped }: KeepGreen): string[] {
  return [
    `**Kept green by saas-codex** for ${asCode(by.name ?? by.id)}: ${tries.length} of ${max} tries.`,
    '',
    ...tries.map(lineOf),
    ...(stopped ? ['', `It has stopped: ${WHY[stopped.reason as KeepGreenStop]}.`] : []),
  ];
}

function lineOf({ failed, commit, pushed, state }: KeepGreenTry, index: number): string {
  const what = failed.length > 0 ? `${failed.map(asCode).join(', ')} failed` : 'A conflict with the base';
  const became = pushed === null ? state.replace('_', ' ') : `mended in ${pushed.slice(0, SHORT)}`;
  return `${index + 1}. ${what} on ${commit.slice(0, SHORT)}: ${became}`;
}
