/** Makes the viewer's buttons for the lines between changes usable without a mouse, and gives them names. */
export function completeExpandButtons(host: HTMLElement): void {
  for (const button of host.shadowRoot?.querySelectorAll<HTMLElement>('[data-expand-button]') ?? []) {
    button.ariaLabel = nameOf(button.dataset);
    button.tabIndex = 0;
    // Added once, however often the viewer draws.
    button.addEventListener('keydown', clickByKey);
  }
}

function clickByKey(event: KeyboardEvent): void {
  if (event.key !== 'Enter' && event.key !== ' ') return;
  event.preventDefault();
  if (event.currentTarget instanceof HTMLElement) event.currentTarget.click();
}

function nameOf({ expandUp, expandDown, expandBoth }: DOMStringMap): string {
  if (expandUp !== undefined) return 'Show more lines above';
  if (expandDown !== undefined) return 'Show more lines below';
  return expandBoth === undefined ? 'Show all lines' : 'Show more lines';
}
