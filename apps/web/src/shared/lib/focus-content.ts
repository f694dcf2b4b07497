/** Focuses the main part of the page: its composer, or else its first button or link. */
export function focusContent(): void {
  // On a touch screen the keyboard would cover the page.
  const field = matchMedia('(pointer: fine)').matches ? document.querySelector('main textarea') : null;
  const target = field ?? document.querySelector('main button, main a');
  if (target instanceof HTMLElement) target.focus({ preventScroll: true });
}
