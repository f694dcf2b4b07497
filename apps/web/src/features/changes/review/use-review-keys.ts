import type { DiffFile } from '@saas-codex/contracts/diffs';
import { useRef } from 'react';
import { type ChangesTarget, useShowChanges } from '../../../entities/session/changes-location.js';
import { useShortcut } from '../../../shared/lib/use-shortcut.js';
import type { Review } from './review-progress.js';

/** The id of the element that scrolls the diffs. */
export const CHANGES_LIST = 'changes-list';

/** The height of a card's header, which stays in view, and a bit. In pixels. */
const HEADER = 60;
/** How far off, in pixels, a card still counts as being at the top. */
const NEARLY = 24;

const listOf = () => document.getElementById(CHANGES_LIST);

/**
 * The keyboard of a review: `j` and `k` go from file to file, `n` and `p` from change to change, `v` marks a file as viewed, `/`
 * searches.
 * @param files in the order of the list
 */
export function useReviewKeys(files: readonly DiffFile[], scope: ChangesTarget, review: Review): void {
  const showChanges = useShowChanges();
  const latest = useRef<string | null>(null);
  // A list behind another screen or a dialog has no keys.
  const options = { plain: true, when: () => isUsable(listOf()) };

  const current = (): number => {
    const list = listOf();
    const path = list && pathAtTop(list, latest.current);
    return files.findIndex((file) => file.path === path);
  };
  const goTo = (index: number) => {
    const file = files[index];
    if (!file) return;
    latest.current = file.path;
    showChanges({ ...scope, file: file.path });
  };
  const step = (by: 1 | -1) => {
    const at = current();
    goTo(at < 0 ? 0 : at + by);
  };
  const stepChange = (by: 1 | -1) => {
    const list = listOf();
    if (list && !scrollToChange(list, by)) step(by);
  };
  useShortcut('j', () => step(1), options);
  useShortcut('k', () => step(-1), options);
  useShortcut('n', () => stepChange(1), options);
  useShortcut('p', () => stepChange(-1), options);
  useShortcut(
    'v',
    () => {
      const file = files[current()];
      if (file && review.progress) review.setViewed(file, !review.isViewed(file));
    },
    options,
  );
  useShortcut('/', () => document.querySelector<HTMLElement>('[data-search-changes]')?.focus(), {
    plain: true,
    when: () => document.querySelector('[data-search-changes]') !== null && isUsable(document.body),
  });
}

const isUsable = (list: HTMLElement | null): boolean =>
  list?.checkVisibility() === true && document.querySelector('[role="dialog"], [role="menu"]') === null;

/** The file that was gone to last, while it is in view; else the one at the top. */
function pathAtTop(list: HTMLElement, latest: string | null): string | undefined {
  const { top, bottom } = list.getBoundingClientRect();
  let found: string | undefined;
  for (const card of list.querySelectorAll<HTMLElement>('[data-path]')) {
    const place = card.getBoundingClientRect();
    const path = card.dataset['path'];
    if (path === latest && place.top >= top - NEARLY && place.top < bottom) return path;
    if (place.top <= top + NEARLY || found === undefined) found = path;
  }
  return found;
}

const CHANGED = '[data-line][data-line-type^="change-"]';

/** @returns false when no change of a file in view follows */
function scrollToChange(list: HTMLElement, by: 1 | -1): boolean {
  const start = list.getBoundingClientRect().top + HEADER;
  const tops = [...list.querySelectorAll('.patch-view')]
    .flatMap((host) => [...(host.shadowRoot?.querySelectorAll(CHANGED) ?? [])])
    .filter((line) => !line.previousElementSibling?.matches(CHANGED))
    .map((line) => line.getBoundingClientRect().top - start)
    .filter((distance) => (by === 1 ? distance > NEARLY : distance < -NEARLY))
    .toSorted((a, b) => a - b);
  const next = by === 1 ? tops[0] : tops.at(-1);
  if (next === undefined) return false;
  list.scrollBy({ top: next });
  return true;
}
