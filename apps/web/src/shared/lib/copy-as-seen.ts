import { withoutEscapes } from './escape-sequences.js';

/** Removes control characters from what a person selects and copies: on the page they cannot be seen. */
export function copyAsSeen(): void {
  document.addEventListener('copy', (event) => {
    const selected = getSelection()?.toString() ?? '';
    const seen = withoutEscapes(selected);
    if (seen.length === selected.replace(/\r/g, '').length) return;
    event.clipboardData?.setData('text/plain', seen);
    event.preventDefault();
  });
}
