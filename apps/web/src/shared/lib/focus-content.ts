/** Puts the focus on what the page is for: its composer, or else the first thing in it that one can act on. */
export function focusContent(): void {
  // A touch screen would throw up its keyboard over the page.
  const field = matchMedia('(pointer: fine)').matches ? document.querySelector('main textarea') : null;
  const target = field ?? document.querySelector('main button, main a');
  if (target instanceof HTMLElement) target.focus({ preventScroll: true });
}
