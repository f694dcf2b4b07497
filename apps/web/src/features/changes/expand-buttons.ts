/** Makes the viewer's buttons for the lines between changes usable without a mouse, and gives them names. */
export function completeExpandButtons(host: HTMLElement): void {
  for (const button of host.shadowRoot?.querySelectorAll<HTMLElement>('[data-expand-button]') ?? []) {
    button.ariaLabel = nameOf(button.dataset);
    button.tabIndex = 0;
    button.onkeydown = (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      button.click();
    };
  }
}

function nameOf({ expandUp, expandDown, expandBoth }: DOMStringMap): string {
  if (expandUp !== undefined) return 'Show more lines above';
  if (expandDown !== undefined) return 'Show more lines below';
  return expandBoth === undefined ? 'Show all lines' : 'Show more lines';
}
